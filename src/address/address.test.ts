import { beforeAll, describe, expect, it } from "vitest";
import { loadDomainList, parseIp, parseUrl } from "./index.ts";

beforeAll(loadDomainList);

/** The kinds that hold, by name. */
function kindsOf(parts: object): string {
  const names = Object.entries(parts).filter(
    ([name, value]) => /^is_(?!ip$|punycode|obfuscated)/.test(name) && value === true,
  );
  return names.map(([name]) => name.slice(3)).join(" ");
}

describe("addresses", () => {
  it.each([
    ["8.8.8.8", "8.8.8.8", "", "global"],
    ["10.1.2.3", "10.1.2.3", "", "private"],
    ["172.31.0.1", "172.31.0.1", "", "private"],
    ["100.64.0.1", "100.64.0.1", "", "private"],
    ["127.8.8.8", "127.8.8.8", "", "loopback"],
    ["0.0.0.0", "0.0.0.0", "", "unspecified"],
    ["169.254.1.1", "169.254.1.1", "", "link_local"],
    ["169.254.169.254", "169.254.169.254", "", "link_local metadata"],
    ["100.100.100.200", "100.100.100.200", "", "private metadata"],
    ["168.63.129.16", "168.63.129.16", "", "metadata"],
    ["224.0.0.1", "224.0.0.1", "", "multicast"],
    ["255.255.255.255", "255.255.255.255", "", ""],
    ["::1", "::1", "", "loopback"],
    ["::", "::", "", "unspecified"],
    ["2606:4700::1111", "2606:4700::1111", "", "global"],
    ["fd12::1", "fd12::1", "", "private"],
    ["fe80::1%eth0", "fe80::1", "", "link_local"],
    ["ff02::1", "ff02::1", "", "multicast"],
    ["fd00:ec2::254", "fd00:ec2::254", "", "private metadata"],
    ["::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1", "private"],
    ["::ffff:a9fe:a9fe", "169.254.169.254", "169.254.169.254", "link_local metadata"],
    ["::127.0.0.1", "127.0.0.1", "127.0.0.1", "loopback"],
    ["::7f00:1", "::7f00:1", "127.0.0.1", "loopback"],
    ["64:ff9b::7f00:1", "64:ff9b::7f00:1", "127.0.0.1", "loopback"],
    ["64:ff9b::808:808", "64:ff9b::808:808", "8.8.8.8", ""],
    ["64:ff9b:1::a00:1", "64:ff9b:1::a00:1", "10.0.0.1", "private"],
    ["2002:a9fe:a9fe::1", "2002:a9fe:a9fe::1", "169.254.169.254", "link_local metadata"],
    ["2001:0:1:1:1:1:f5ff:fffe", "2001:0:1:1:1:1:f5ff:fffe", "10.0.0.1", "private"],
    ["fe80::5efe:c0a8:1", "fe80::5efe:c0a8:1", "192.168.0.1", "private link_local"],
    ["2001:db8::1", "2001:db8::1", "", ""],
  ])("%s", (text, canonical, embedded, kinds) => {
    const parts = parseIp(text);
    expect([parts.ok, parts.canonical, parts.embedded, kindsOf(parts)]).toEqual([true, canonical, embedded, kinds]);
  });

  it.each([
    "",
    "010.0.0.1",
    "0x7f.1",
    "2130706433",
    "10.0.0",
    "1.2.3.4.5",
    "::ffff:010.0.0.1",
    " 10.0.0.1",
    "localhost",
    "[::1]",
  ])("%j is none that all programs read alike", (text) => {
    expect(parseIp(text)).toMatchObject({ ok: false, canonical: "", is_global: false });
  });
});

describe("URLs", () => {
  it("are in the form in which destinations arrive", () => {
    expect(parseUrl("HTTPS://us%65r:pw@WWW.Example.CO.UK.:8443/a/../%7eb?q=1#f")).toMatchObject({
      ...{ ok: true, scheme: "https", username: "us%65r", has_userinfo: true, host: "www.example.co.uk", port: 8443 },
      ...{ path: "/~b", query: "q=1", fragment: "f", registrable_domain: "example.co.uk", subdomain: "www" },
      ...{ public_suffix: "co.uk", is_ip: false, is_global: true, is_obfuscated: false },
    });
    expect(parseUrl("ssh://host.example.com/x").port).toBe(22);
    expect(parseUrl("file:///etc/passwd")).toMatchObject({
      ok: true,
      host: "",
      port: 0,
      path: "/etc/passwd",
      is_global: false,
    });
  });

  it("whoever owns a name below a shared suffix is not whoever owns the next", () => {
    expect(parseUrl("https://a.github.io/").registrable_domain).toBe("a.github.io");
    expect(parseUrl("https://github.io/").registrable_domain).toBe("");
    expect(parseUrl("https://x.b.s3.amazonaws.com/").public_suffix).toBe("s3.amazonaws.com");
  });

  it.each([
    ["http://127.0.0.1/", "127.0.0.1", "loopback", false],
    ["http://2130706433/", "127.0.0.1", "loopback", true],
    ["http://0x7f.1/", "127.0.0.1", "loopback", true],
    ["http://0177.0.0.01/", "127.0.0.1", "loopback", true],
    ["http://127.1/", "127.0.0.1", "loopback", true],
    ["http://[::ffff:7f00:1]/", "127.0.0.1", "loopback", true],
    ["http://[::1]/", "::1", "loopback", false],
    ["http://[0:0:0:0:0:0:0:1]/", "::1", "loopback", false],
    ["http://[64:ff9b::a9fe:a9fe]/", "64:ff9b::a9fe:a9fe", "link_local metadata", true],
    ["http://0/", "0.0.0.0", "loopback", true],
    ["http://localhost:80/", "localhost", "loopback", false],
    ["http://a.LOCALHOST./", "a.localhost", "loopback", false],
    ["http://metadata.google.internal/", "metadata.google.internal", "private metadata", false],
    ["http://db/", "db", "private", false],
    ["http://printer.local/", "printer.local", "private link_local", false],
    ["http://10.0.0.1.nip.io/", "10.0.0.1.nip.io", "", true],
    ["http://%65vil.example.com/", "evil.example.com", "global", true],
    ["http://ｅvil.example.com/", "evil.example.com", "global", true],
    ["http://example。com/", "example.com", "global", true],
    ["http://exa\u00admple.com/", "example.com", "global", true],
    ["http://Bücher.example.com/", "xn--bcher-kva.example.com", "global", false],
    ["http://user@169.254.169.254/", "169.254.169.254", "link_local metadata", false],
    ["ssh://2130706433/", "127.0.0.1", "loopback", true],
  ])("%s leads to %s", (text, host, kinds, isObfuscated) => {
    const parts = parseUrl(text);
    expect([parts.ok, parts.host, kindsOf(parts), parts.is_obfuscated]).toEqual([true, host, kinds, isObfuscated]);
  });

  it("punycode is shown as people read it", () => {
    expect(parseUrl("https://xn--80ak6aa92e.com/")).toMatchObject({ is_punycode: true, unicode_host: "аррӏе.com" });
  });

  it.each([
    "http:\\\\127.0.0.1/",
    "http:127.0.0.1",
    "http:/127.0.0.1",
    "http:///127.0.0.1/",
    " http://127.0.0.1/",
    "http://127.0.0.1\t/",
    "http://127.0.0.1\\@good.example/",
  ])("%j has no part that a list could allow, and says all the same where it may lead", (text) => {
    const parts = parseUrl(text);
    const { ok, host, registrable_domain, is_loopback, is_global, is_obfuscated } = parts;
    expect({ ok, host, registrable_domain, is_loopback, is_global, is_obfuscated }).toEqual({
      ...{ ok: false, host: "", registrable_domain: "", is_loopback: true, is_global: false, is_obfuscated: true },
    });
  });

  it.each([
    "",
    "example.com",
    "/path",
    "http://",
    "http://a b/",
    "http://[::1/",
    "http://1.2.3.4.5/",
    `http://${"a".repeat(9000)}/`,
  ])("%.20s is no URL", (text) => {
    expect(parseUrl(text)).toMatchObject({ ok: false, host: "", ip: "", unicode_host: "", is_global: false });
  });
});
