-- The application's right to read the ledger comes last: with it, the schema counts as complete.
GRANT SELECT ON `{pattern}`.* TO {operation};

GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX ON `{pattern}`.* TO {application};
