-- The application's right to read the ledger comes last: with it, the schema counts as complete.
GRANT SELECT ON `{database}`.* TO {operation};

GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX ON `{database}`.* TO {application};
