GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX ON `{database}`.* TO {application};

GRANT SELECT ON `{database}`.* TO {operation};
