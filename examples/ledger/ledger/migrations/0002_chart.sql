-- The chart of accounts that a small business starts with.
INSERT INTO accounts (code, name, kind) VALUES
    ('1000', 'Bank', 'asset'),
    ('1200', 'Receivables', 'asset'),
    ('2000', 'Payables', 'liability'),
    ('2200', 'VAT payable', 'liability'),
    ('3000', 'Capital', 'equity'),
    ('4000', 'Sales', 'income'),
    ('6000', 'Rent', 'expense'),
    ('6100', 'Hosting', 'expense');
