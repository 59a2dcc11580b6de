-- The application's right to read the ledger comes last: with it, the schema counts as complete.
GRANT SELECT ON `{pattern}`.* TO {operation};

GRANT INSERT ON `{database}`.epoch TO {operation};

GRANT DELETE ON `{database}`.idempotency TO {operation};

GRANT SELECT, INSERT ON `{database}`.event TO {application};

GRANT SELECT, UPDATE (mark) ON `{database}`.settled TO {application};

GRANT SELECT, INSERT ON `{database}`.idempotency TO {application};

GRANT SELECT ON `{database}`.epoch TO {application};

GRANT SELECT ON `{database}`.guard TO {application};

GRANT SELECT ON `{database}`.granted TO {application};

GRANT SELECT ON `{database}`.migration TO {application};
