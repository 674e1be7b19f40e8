import { describe, expect, it } from "vitest";
import { createRedactor } from "./index.ts";

const KEY = new Uint8Array(32).fill(7);
const redactor = createRedactor({ key: KEY });
const MARKER = /\[redacted:[a-z0-9-]{1,40}:[0-9a-f]{16}\]/g;

const redactJson = (json: string) => redactor.redactJson(json)?.json ?? json;
const redact = (value: unknown) => JSON.parse(redactJson(JSON.stringify(value)));
/** With `#` for every marker. */
const shape = (text: string) => redactor.redactText(text).replaceAll(MARKER, "#");

// Put together here, so that scanners of this repository find nothing.
const random = (length: number) => "9Kd3vQ7xLm2Tz8Rb5Wn1Yc6Hf4Jp0Gs".repeat(8).slice(0, length);
const github = `gh${"p_"}${random(36)}`;
const jwt = `ey${"JhbGciOiJIUzI1NiJ9"}.${"eyJzdWIiOiIxMjM0NTY3ODkwIn0"}.${random(43)}`;
const pem = (lineEnd: string) =>
  [
    "-----BEGIN RSA PRIV",
    `ATE KEY-----${lineEnd}${random(64)}${lineEnd}${random(40)}==${lineEnd}-----END RSA PRIVATE KEY-----`,
  ].join("");

describe("names of keys", () => {
  it.each([
    "password",
    "Passwd",
    "pwd",
    "db_password",
    "DB_PASSWORD",
    "dbPassword",
    "passphrase",
    "client_secret",
    "clientSecret",
    "api_key",
    "x-api-key",
    "X-Api-Key",
    "apiKey",
    "access_token",
    "accessToken",
    "refresh.token",
    "id_token",
    "token",
    "GITHUB_TOKEN",
    "Authorization",
    "proxy-authorization",
    "cookie",
    "Set-Cookie",
    "private_key",
    "secretKey",
    "secret access key",
    "aws_secret_access_key",
    "credentials",
    "connectionString",
    "SMTP_PASS",
    "otp",
    "cvv",
    "admin_token",
    "backend_token",
    "frontendToken",
    "developer-token",
    "scraper_token",
    "exchangeToken",
    "request_token",
    "password_confirmation",
    "passwordConfirmation",
    "password1",
    "DB_PASSWORD_PROD",
    "GITHUB_TOKEN_2",
    "api_keys",
    "SecretString",
    "secret_value",
    "X-Backend-Token",
  ])("the value of %s goes, at any depth", (name) => {
    const found = redactor.redactJson(JSON.stringify({ a: [{ [name]: "v" }] }));
    expect(found?.json.replaceAll(MARKER, "#")).toBe(JSON.stringify({ a: [{ [name]: "#" }] }));
    expect(found?.pointers).toEqual([`/a/0/${name}`]);
  });

  it.each([
    "max_tokens",
    "token_count",
    "next_page_token",
    "pageToken",
    "pass1",
    "token_1234",
    "secretStringency",
    "password_age",
    "nextPageToken",
    "NEXT_TOKEN",
    "skiptoken",
    "key",
    "keyword",
    "primary_key",
    "public_key",
    "author",
    "authorized",
    "secretary",
    "password_policy",
    "session_id",
    "tokens",
    "bypass",
    "compass",
    "secret_name",
    "idempotency_key",
    "continuation_token",
    "key_id",
    "access_key_id",
    "authority",
    "passenger",
    "cookie_policy",
  ])("the value of %s stays", (name) => {
    expect(redactor.redactJson(JSON.stringify({ [name]: "v", n: { [name]: 12 } }))).toBeUndefined();
  });

  it("keeps null, booleans and empty strings, and takes every text and number below a secret name", () => {
    const value = redact({
      password: null,
      secret: true,
      token: "",
      credentials: { user: "u", n: 1.5, ok: false, list: ["x"] },
    });
    expect(JSON.stringify(value).replaceAll(MARKER, "#")).toBe(
      '{"password":null,"secret":true,"token":"","credentials":{"user":"#","n":"#","ok":false,"list":["#"]}}',
    );
  });

  it.each<[unknown, unknown]>([
    [
      { name: "Authorization", value: "abc" },
      { name: "Authorization", value: "#" },
    ],
    [
      { value: "abc", key: "DB_PASSWORD" },
      { value: "#", key: "DB_PASSWORD" },
    ],
    [
      { Header: "X-Api-Key", Value: "abc" },
      { Header: "X-Api-Key", Value: "#" },
    ],
    [
      ["/usr/bin/mysql", "-uroot", "-pabc"],
      ["/usr/bin/mysql", "-uroot", "#"],
    ],
    [
      ["sshpass", "-p", "abc", "ssh", "-p", "22"],
      ["sshpass", "-p", "#", "ssh", "-p", "#"],
    ],
    [
      ["docker", "login", "-u", "x", "-p", "abc"],
      ["docker", "login", "-u", "x", "-p", "#"],
    ],
    [
      ["redis-cli", "-p", "6379", "-a", "abc"],
      ["redis-cli", "-p", "6379", "-a", "#"],
    ],
    [
      ["mkdir", "-p", "abc"],
      ["mkdir", "-p", "abc"],
    ],
    [[["Authorization", "abc"]], [["Authorization", "#"]]],
    [{ rawHeaders: ["Authorization", "abc"] }, { rawHeaders: ["Authorization", "#"] }],
    [
      ["login", "--password", "abc", "host"],
      ["login", "--password", "#", "host"],
    ],
    [
      ["curl", "-u", "me:abc", "host"],
      ["curl", "-u", "#", "host"],
    ],
    [
      { name: "Accept", value: "abc" },
      { name: "Accept", value: "abc" },
    ],
  ])("pairs count as keys: %j", (value, expected) => {
    expect(JSON.stringify(redact(value)).replaceAll(MARKER, "#")).toBe(JSON.stringify(expected));
  });

  it("takes what configured paths lead to", () => {
    const configured = createRedactor({ key: KEY, paths: ["/arguments/customer/*/iban", "/arguments/rows/0"] });
    const json = JSON.stringify({ arguments: { customer: [{ iban: "x", name: "n" }], rows: [{ a: 1 }, 2] } });
    const found = configured.redactJson(json);
    expect(found?.json.replaceAll(MARKER, "#")).toBe(
      '{"arguments":{"customer":[{"iban":"#","name":"n"}],"rows":[{"a":"#"},2]}}',
    );
    expect(found?.json).toContain("[redacted:configured-path:");
    expect(configured.redactJson(found!.json)).toBeUndefined();
    expect(redactor.redactJson(json)).toBeUndefined();
  });
});

describe("texts", () => {
  it.each([
    [`git clone https://${github}@github.com/a/b`, "git clone https://#@github.com/a/b"],
    [
      "postgres://app:s3cr3t@db.internal:5432/app?sslmode=require",
      "postgres://app:#@db.internal:5432/app?sslmode=require",
    ],
    ["redis://:p@ss@cache:6379/0", "redis://:#@cache:6379/0"],
    ["export PGPASSWORD=hunter2; psql -h db", "export PGPASSWORD=#; psql -h db"],
    ["mysqladmin --password hunter2 status", "mysqladmin --password # status"],
    ["mysql -u root -phunter2 shop", "mysql -u root -p# shop"],
    ["sshpass -p 'hunter 2' ssh a", "sshpass -p '#' ssh a"],
    ["curl -u admin:hunter2 https://a.example", "curl -u admin:# https://a.example"],
    ["curl --user 'admin:hunter2' https://a.example", "curl --user 'admin:#' https://a.example"],
    ["curl -H 'Authorization: Bearer abc' https://a.example", "curl -H 'Authorization: Bearer #' https://a.example"],
    ["authorization: Basic dTpw", "authorization: Basic #"],
    [
      "curl -H 'Authorization: Splunk hunter2' https://a.example",
      "curl -H 'Authorization: Splunk #' https://a.example",
    ],
    ["Authorization: Klaviyo-API-Key abc\nHost: x", "Authorization: Klaviyo-API-Key #\nHost: x"],
    ["Authorization: Zoho-oauthtoken abc", "Authorization: Zoho-oauthtoken #"],
    ["-H 'Authorization: Api-Token abc' -v", "-H 'Authorization: Api-Token #' -v"],
    ['-H "Authorization: SSWS abc" -v', '-H "Authorization: SSWS #" -v'],
    ["-H 'Authorization: GenieKey abc' -v", "-H 'Authorization: GenieKey #' -v"],
    ["Authorization: Unheard-Of hunter2", "Authorization: #"],
    ["Authorization: Bearer\tabc", "Authorization: Bearer\t#"],
    [`-H 'Authorization: Token token="hunter2"' -v`, "-H 'Authorization: Token #' -v"],
    [String.raw`-H "Authorization: Token token=\"hunter2\"" -v`, '-H "Authorization: Token #" -v'],
    ['Authorization: Digest username="u", response="abc"\nHost: x', "Authorization: Digest #\nHost: x"],
    ['Authorization: OAuth realm="x", oauth_signature="abc"', "Authorization: OAuth #"],
    [
      "Authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=abc",
      "Authorization: AWS4-HMAC-SHA256 #",
    ],
    ["{'Authorization': 'Token token=abc x'}", "{'Authorization': 'Token #'}"],
    [`use Bearer ${random(24)} for it`, "use Bearer # for it"],
    ["-H 'Cookie: sid=abc; theme=dark' -v", "-H 'Cookie: #' -v"],
    ["Set-Cookie: sid=abc; Path=/; HttpOnly\r\nDate: x", "Set-Cookie: #\r\nDate: x"],
    ["CREATE USER a IDENTIFIED BY 'hunter2';", "CREATE USER a IDENTIFIED BY '#';"],
    ["CREATE USER a IDENTIFIED WITH x BY 'hunter2';", "CREATE USER a IDENTIFIED WITH x BY '#';"],
    ["ALTER ROLE a WITH PASSWORD 'hunter2' LOGIN", "ALTER ROLE a WITH PASSWORD '#' LOGIN"],
    ["UPDATE users SET password = 'hunter2' WHERE id = 1", "UPDATE users SET password = '#' WHERE id = 1"],
    [`https://a.example/x?api_key=${random(12)}&page=2`, "https://a.example/x?api_key=#&page=2"],
    [`https://a.blob.example/c?sv=2024&sig=${random(30)}%3D`, "https://a.blob.example/c?sv=2024&sig=#"],
    [`https://b.example/k?X-Amz-Signature=${random(64)}&x=1`, "https://b.example/k?X-Amz-Signature=#&x=1"],
    ["Server=db;User Id=sa;Password=hunter2;Encrypt=true", "Server=db;User Id=sa;Password=#;Encrypt=true"],
    ["export DB_PASSWORD_PROD=hunter2", "export DB_PASSWORD_PROD=#"],
    ["create-secret --secret-string hunter2", "create-secret --secret-string #"],
    ["user[email]=a@b.c&user[password]=hunter2", "user[email]=a@b.c&user[password]=#"],
    ["user%5Bpassword%5D=hunter2&x=1", "user%5Bpassword%5D=#&x=1"],
    ['<add key="Password" value="hunter2"/>', '<add key="Password" value="#"/>'],
    ["FROM x\nENV X_PASSWORD hunter2\nRUN y", "FROM x\nENV X_PASSWORD #\nRUN y"],
    ["aws configure set aws_secret_access_key hunter2", "aws configure set aws_secret_access_key #"],
    ["curl -su me:hunter2 https://a.example", "curl -su me:# https://a.example"],
    ["redis-cli -p 6379 -a hunter2 ping", "redis-cli -p 6379 -a # ping"],
    ["https://0123456789abcdef0123@github.com/a/b", "https://#@github.com/a/b"],
    [`password=$${"Xq7Zk29LmP"}`, "password=#"],
    ["postgres://u:$Xq7Zk29LmP@h/db", "postgres://u:#@h/db"],
    ["password: kT(9xLm#Xq7", "password: #"],
    ["ADMIN_TOKEN=hunter2 ./run", "ADMIN_TOKEN=# ./run"],
    ["password: hunter2\nuser: me", "password: #\nuser: me"],
    ['api_key = "abcdef0123"', 'api_key = "#"'],
    ["<password>hunter2</password>", "<password>#</password>"],
    ["req.setHeader('Authorization', 'abc')", "req.setHeader('Authorization', '#')"],
    ['os.environ["DB_PASSWORD"] = "hunter2"', 'os.environ["DB_PASSWORD"] = "#"'],
    [`{"password":"x"}`, `{"password":"#"}`],
    [JSON.stringify('{"password":"x","a":1}'), String.raw`"{\"password\":\"#\",\"a\":1}"`],
    [JSON.stringify(JSON.stringify('{"password":"x"}')), String.raw`"\"{\\\"password\\\":\\\"#\\\"}\""`],
    [`a ${jwt} b`, "a # b"],
    [`a ${pem("\n")} b`, "a # b"],
    [`a ${pem(String.raw`\n`)} b`, "a # b"],
    [`echo "${pem("\n").slice(0, 80)}"`, 'echo "#"'],
  ])("%j", (text, expected) => {
    expect(shape(text)).toBe(expected);
  });

  it.each([
    "password=$DB_PASSWORD",
    ["password=", "{DB_PASSWORD}"].join("$"),
    "--password-stdin",
    "token=$(gcloud auth print-access-token)",
    "api_key = os.environ['API_KEY']",
    "password: ****",
    "password = getPassword(user1)",
    "password=$dbPassword1",
    "postgres://u:$DB_PASSWORD@h/db",
    "Bearer authentication is required",
    "Authorization: Bearer authentication is required",
    "Authorization: pending approval",
    "Authorization: Bearer $TOKEN in the header",
    "basic information",
    "WHERE token = $1 AND password = ?",
    "password: string",
    "const token = await getToken(user);",
    "https://a.example:8080/@me",
    "docker run -p 8080:80 -u 1000 nginx",
    "mkdir -p a/b",
    "SELECT password FROM users",
    "the secret is safe",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "sk-learn-contrib",
    "max_tokens=4096&page_token=abc123def",
  ])("stays: %j", (text) => {
    expect(redactor.redactText(text)).toBe(text);
  });
});

describe("markers", () => {
  it("equal secrets have equal digests whatever their kind and place, other keys give others", () => {
    const digests = [
      ...JSON.stringify(redact({ password: "s3cr3t", a: "token=s3cr3t", b: { secret: "s3cr3t" } })).matchAll(
        /:([0-9a-f]{16})\]/g,
      ),
    ];
    expect(new Set(digests.map(([, digest]) => digest)).size).toBe(1);
    expect(digests).toHaveLength(3);
    const other = createRedactor({ key: new Uint8Array(32).fill(8) }).redactText("password=s3cr3t");
    expect(other).not.toBe(redactor.redactText("password=s3cr3t"));
  });

  it("a forged marker shields nothing beside it and is left as it is", () => {
    const forged = "[redacted:password:0123456789abcdef]";
    expect(redactor.redactText(`password=${forged}`)).toBe(`password=${forged}`);
    expect(shape(`password=${forged}hunter2`)).toBe("password=##");
    expect(shape(`password=[redacted:password:0123]`)).toBe("password=#]");
    expect(shape(`postgres://u:${forged}x@h`)).toBe("postgres://u:##@h");
    expect(redact({ password: forged })).toEqual({ password: forged });
    expect(redact({ password: `${forged}hunter2` }).password).toMatch(/^\[redacted:password:[0-9a-f]{16}\]$/);
    expect(redact({ password: `${forged}hunter2` }).password).not.toBe(forged);
  });

  it("digests of texts are keyed and are never those of markers", () => {
    expect(redactor.digest("x")).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
    expect(redactor.redactText("password=x")).not.toContain(redactor.digest("x").slice(12, 28));
  });

  it("refuses a short key and a path that is no pointer", () => {
    expect(() => createRedactor({ key: new Uint8Array(31) })).toThrow(TypeError);
    expect(() => createRedactor({ key: KEY, paths: ["a"] })).toThrow(TypeError);
  });
});

describe("JSON inside a string", () => {
  const nest = (value: unknown, levels: number): string =>
    levels === 0 ? JSON.stringify(value) : nest(JSON.stringify(value), levels - 1);

  it.each<[unknown, unknown]>([
    [
      { name: "Authorization", value: "Unheard-Of x" },
      { name: "Authorization", value: "#" },
    ],
    [[{ value: "x", key: "DB_PASSWORD" }], [{ value: "#", key: "DB_PASSWORD" }]],
    [{ password: ["x", 1] }, { password: ["#", "#"] }],
    [{ pin_password: 48 }, { pin_password: "#" }],
    [{ credentials: { user: "u", ok: true } }, { credentials: { user: "#", ok: true } }],
    [
      ["login", "--password", "x"],
      ["login", "--password", "#"],
    ],
    [
      ["curl", "-u", "me:x"],
      ["curl", "-u", "#"],
    ],
  ])("%j is walked like a value", (value, expected) => {
    for (const levels of [1, 2, 3]) {
      const found = redactor.redactJson(`{"a":${nest(value, levels)}}`);
      expect(found?.json.replaceAll(MARKER, "#")).toBe(`{"a":${nest(expected, levels)}}`);
      expect(found?.pointers).toEqual(["/a"]);
    }
  });

  it("its escapes hide nothing, and without a secret it stays as it is written", () => {
    expect(redactJson(JSON.stringify({ a: '{"p\\u0061ssword":"x"}' }))).toContain("[redacted:password:");
    expect(redactJson(JSON.stringify({ a: '["http:\\/\\/a:b@c"]' }))).toContain("[redacted:connection-string:");
    const plain = JSON.stringify({ a: ' { "tokens" : 1.50 , "token":"" } ' });
    expect(redactor.redactJson(plain)).toBeUndefined();
  });

  it("as deep as no request is, it is still read as text", () => {
    const deep = `${"[".repeat(100_000)}"password=hunter2"${"]".repeat(100_000)}`;
    expect(redactJson(JSON.stringify({ a: deep }))).not.toContain("hunter2");
  });
});

describe("JSON", () => {
  it("one letter at the end of a string is a value too", () => {
    for (const text of ["pwd=>n", "passwd!=a", "--password:n"])
      expect(redactJson(JSON.stringify(text))).not.toMatch(/[na]"$/);
  });

  it("an item of a list of arguments that begins with dashes is replaced once", () => {
    const once = redactJson(JSON.stringify(["login", "--password", `${pem("\n")} x`, "-v"]));
    expect(once.replaceAll(MARKER, "#")).toBe('["login","--password","#","-v"]');
    expect(redactor.redactJson(once)).toBeUndefined();
  });

  it("escapes hide nothing", () => {
    const escaped = `{"a":"${[...github].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"}`;
    expect(redactJson(escaped)).toMatch(/^\{"a":"\[redacted:github-token:[0-9a-f]{16}\]"\}$/);
    expect(redactJson('{"p\\u0061ssword":"x"}')).toMatch(/^\{"password":"\[redacted:/);
    expect(redactJson('{"u":"http:\\/\\/a:b@c"}')).toContain("[redacted:connection-string:");
    expect(redactJson('{"q":"x\\n--password hunter2"}')).toContain("[redacted:password:");
    expect(redactJson(`{"q":"Bearer\\t${random(24)}"}`)).toContain("[redacted:authorization:");
    expect(redactJson('{"q":"Authorization: Bearer\\tx"}')).toContain("[redacted:authorization:");
  });

  it("a key that is a secret goes too, from the pointers as well, and stays unique", () => {
    const found = redactor.redactJson(JSON.stringify({ [github]: 1, plain: 2 }));
    expect(found?.json).not.toContain(github);
    expect(found?.pointers).toHaveLength(1);
    expect(found?.pointers[0]).not.toContain(github);
    const marker = Object.keys(redact({ [github]: 1 }))[0]!;
    expect(Object.keys(redact({ [marker]: 1, [github]: 2 }))).toEqual([marker, `${marker}#2`]);
  });

  it("leaves everything else as JSON.stringify gives it, __proto__ and the order of keys included", () => {
    expect(
      redactJson('{ "b":1.50, "__proto__":{"x":[1e3,"é\\u0000"]}, "password":"x", "2":2 }').replaceAll(MARKER, "#"),
    ).toBe('{"2":2,"b":1.5,"__proto__":{"x":[1000,"é\\u0000"]},"password":"#"}');
  });

  it("reaches the depth that a request may have", () => {
    const json = `${'{"a":['.repeat(32)}{"password":"x"}${"]}".repeat(32)}`;
    expect(redactJson(json)).toContain("[redacted:password:");
  });
});

describe("a JSON text in a string that says a name twice", () => {
  it.each([
    ['{"password":"hunter2secret","password":""}', '{"password":"#","password":""}'],
    [`{"a":"${github}","a":1}`, '{"a":"#","a":1}'],
    [`[{"b":{"token":"${random(20)}","token":null}}]`, '[{"b":{"token":"#","token":null}}]'],
  ])("is searched as it stands: %s", (body, shown) => {
    const found = redactor.redactJson(JSON.stringify({ body }));
    expect(JSON.parse(found!.json).body.replaceAll(MARKER, "#")).toBe(shown);
  });
});
