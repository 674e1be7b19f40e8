import { describe, expect, it, test } from "vitest";
import { analyzeShell } from "./index.ts";

/** The last command, which is the one that a wrapper runs. */
const commandOf = (text: string) => analyzeShell(text).commands.at(-1)!;

describe("options", () => {
  test.each([
    "rm -rf x",
    "rm -fr x",
    "rm -r -f x",
    "rm x -r -f",
    "rm -R --force x",
    "rm --recursive --force x",
    "rm --rec --forc x",
    "rm '-'rf x",
    "sudo rm -rf -- x",
    "X=-rf; rm $X x",
    "rm -{r,f} x",
  ])("%s: recursive and forced, however it is spelled", (text) => {
    const { flags, args } = commandOf(text);
    expect(flags).toEqual(expect.arrayContaining(["-r", "--recursive", "-f", "--force"]));
    expect(args).toEqual(["x"]);
  });

  it("of a program that is not known, a word with one dash is itself and its letters", () => {
    expect(commandOf("unknown -abc --long --value=x y").flags).toEqual(["-abc", "-a", "-b", "-c", "--long", "--value"]);
    expect(commandOf("unknown --value=x").options).toEqual({ "--value": "x" });
  });

  test.each([
    ["curl -o f u", "-o", "f"],
    ["curl -of u", "--output", "f"],
    ["curl --output f u", "-o", "f"],
    ["curl --output=f u", "-o", "f"],
    ["curl -sSLo f u", "-o", "f"],
    ["git -C /x push", "-C", "/x"],
    ["git commit -m x", "--message", "x"],
    ["kubectl delete pod p -n prod", "--namespace", "prod"],
    ["kubectl -n prod delete pod p", "--namespace", "prod"],
    ["tar cfz a.tgz b", "--file", "a.tgz"],
    ["terraform apply -target=x", "-target", "x"],
  ])("%s: %s is %s", (text, name, value) => {
    expect(commandOf(text).options[name]).toBe(value);
  });

  test.each([
    ["git -C /x --no-pager push -f origin main", ["push", "origin", "main"]],
    ["kubectl -n a delete pod p", ["delete", "pod", "p"]],
    ["docker --context c rm -f x", ["rm", "x"]],
    ["terraform apply -auto-approve", ["apply"]],
    ["rm -- -f", ["-f"]],
    ["ssh -p 22 host", ["host"]],
  ])("%s: operands are %j", (text, args) => {
    expect(commandOf(text).args).toEqual(args);
  });

  it("an option is no property of every object", () => {
    expect(commandOf("constructor x").options).toEqual({});
    expect(commandOf("git constructor").args).toEqual(["constructor"]);
    expect(commandOf("toString --__proto__=x").options).toEqual({ "--__proto__": "x" });
  });
});

describe("files", () => {
  test.each<[string, string[], string[]]>([
    ["cat a b", ["a", "b"], []],
    ["grep -r x a", ["a"], []],
    ["grep -e x a", ["a"], []],
    ["sed s/a/b/ f", ["f"], []],
    ["sed -i s/a/b/ f", ["f"], ["f"]],
    ["sed -i.bak -e s/a/b/ f", ["f"], ["f"]],
    ["cp a b c", ["a", "b"], ["c"]],
    ["cp -t c a b", ["a", "b"], ["c"]],
    ["mv a b", ["a"], ["a", "b"]],
    ["rm -rf a b", [], ["a", "b"]],
    ["tee -a f", [], ["f"]],
    ["dd if=/dev/zero of=/dev/sda bs=1M", ["/dev/zero"], ["/dev/sda"]],
    ["chmod -R 777 a", [], ["a"]],
    ["chown --reference=r a", ["r"], ["a"]],
    ["curl -o f -T g u", ["g"], ["f"]],
    ["curl -d @f u", ["f"], []],
    ["curl -F x=@f u", ["f"], []],
    ["wget -O f u", [], ["f"]],
    ["tar czf a.tgz b", ["b"], ["a.tgz"]],
    ["tar xf a.tgz -C /d", ["a.tgz"], ["/d"]],
    ["find a b -name c -delete", ["a", "b"], ["a", "b"]],
    ["find a -fprint f", ["a"], ["f"]],
    ["sort -o f g", ["g"], ["f"]],
    ["uniq a b", ["a"], ["b"]],
    ["xxd -r a b", ["a"], ["b"]],
    ["gawk -i inplace 1 f", ["inplace", "f"], ["f"]],
    ["x < a > b 2>> c", ["a"], ["b", "c"]],
    ["x &> f", [], ["f"]],
    ["x >& f", [], ["f"]],
    ["x >| f", [], ["f"]],
    ["x <> f", ["f"], ["f"]],
    ["x 2>&1 >&2 <&3 3>&-", [], []],
  ])("%s reads %j and writes %j", (text, reads, writes) => {
    expect(commandOf(text)).toMatchObject({ reads, writes });
    expect(analyzeShell(text)).toMatchObject({ reads, writes });
  });

  test.each([
    ["/a/../etc//passwd", "/etc/passwd"],
    ["./a/./b/", "a/b"],
    ["../../a", "../../a"],
    ["/../a", "/a"],
    ["~/a/../b", "~/b"],
    ["$HOME/a", "~/a"],
    [`"\${HOME}"/a`, "~/a"],
    ["~/../a", "~/../a"],
    ["a/*/../b", "a/*/../b"],
    ["/", "/"],
    ["a/..", "."],
    ["'a b'/c", "a b/c"],
  ])("%s is %s", (written, path) => {
    expect(commandOf(`cat ${written}`).reads).toEqual([path]);
    expect(analyzeShell(`{ x; } > ${written}`).writes).toEqual([path]);
    expect(analyzeShell(`> ${written}`).writes).toEqual([path]);
  });

  it("files that the program of awk or sed names count for the text as a whole", () => {
    expect(analyzeShell(`awk '{ print > "f"; getline x < "g" }'`)).toMatchObject({ reads: ["g"], writes: ["f"] });
    expect(analyzeShell("sed 's/a/b/w f'")).toMatchObject({ writes: ["f"] });
    expect(analyzeShell("sed 'r g' h")).toMatchObject({ reads: ["h", "g"] });
  });
});

describe("network targets", () => {
  test.each<[string, string[]]>([
    ["curl -s https://User@Example.COM:8443/x?y", ["example.com"]],
    ["curl example.com/x", ["example.com"]],
    ["curl -x proxy:3128 http://a", ["a", "proxy"]],
    ["curl 'http://[::1]:80/'", ["[::1]"]],
    ["curl http://a http://b", ["a", "b"]],
    ["curl --url http://a", ["a"]],
    ["wget -q http://a", ["a"]],
    ["ssh -p 22 u@Host ls", ["host"]],
    ["ssh -J jump host", ["host", "jump"]],
    ["scp a u@h:b", ["h"]],
    ["rsync -a a h:b", ["h"]],
    ["git clone git@github.com:a/b", ["github.com"]],
    ["git push https://h/x", ["h"]],
    ["nc -w 1 h 80", ["h"]],
    ["ping -c 1 h", ["h"]],
    ["bash -c 'exec 3<>/dev/tcp/h/80'", ["h"]],
    ["echo x > /dev/udp/h/53", ["h"]],
    ["pip install git+https://h/x", ["h"]],
    ["npm install --registry=http://h", ["h"]],
    ["echo http://h", []],
  ])("%s: %j", (text, hosts) => {
    expect(analyzeShell(text).hosts).toEqual(hosts);
  });

  it("URLs are as written", () => {
    expect(analyzeShell("curl -s 'https://A.b/c?d' e.f/g").urls).toEqual(["https://A.b/c?d", "e.f/g"]);
  });
});
