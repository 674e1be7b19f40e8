import { describe, expect, it, test } from "vitest";
import { analyzeShell, pipesTo, runs } from "./index.ts";

const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");
/** `command => program program` */
const table = (text: string) => lines(text).map((line) => line.split(" => ") as [string, string]);
const programsOf = (text: string) => analyzeShell(text).programs;

describe("what is refused", () => {
  test.each([
    ["a carriage return", "ls\r; rm x"],
    ["NUL", "ls\0rm"],
    ["an escape character", "echo \u001b[2J"],
    ["a right-to-left override", "echo \u202etxt"],
    ["a zero-width space", "r\u200bm x"],
    ["a Hangul filler", "\u3164 x"],
    ["a line separator", "ls\u2028rm"],
    ["half a surrogate pair", "echo \ud800"],
  ])("%s is not ok, and never static", (_, text) => {
    expect(analyzeShell(text)).toMatchObject({ ok: false, dynamic: true, has_unknown_program: true, programs: [] });
    expect(analyzeShell(text).error).toMatch(/^the character U\+/);
  });

  test.each([
    ["an assignment before a function", "X= f() { a; }; f", /^unexpected parenthesis/],
    ["a redirection before a function", "a; >x f() { a; }", /^unexpected parenthesis/],
    ["a here-string before a function", "<<< do f() { a; }", /^unexpected parenthesis/],
    ["a backslash at the end", "rm -rf /\\", /^a backslash at the end/],
    ["a backslash at the end, behind escaped ones", "a \\\\\\", /^a backslash at the end/],
    ["too long", `echo ${"x".repeat(16_384)}`, /^longer than/],
    ["too many commands", "a;".repeat(501), /^more than 500 commands/],
    ["too deep", `${"$(".repeat(13)}ls${")".repeat(13)}`, /^more than 12 levels/],
    ["too many wrappers", `${"sudo ".repeat(14)}ls`, /^more than 12 levels/],
    ["doubling variables", `X=aaaaaaaa;${"X=$X$X;".repeat(40)}`, /^too much to expand/],
    [
      "doubling braces in doubling texts",
      `eval ${"{a,b}".repeat(8)} ${"{a,b}{c,d}{e,f}{g,h}".repeat(2)}`.repeat(200),
      /./,
    ],
  ])("%s is not ok", (_, text, error) => {
    const result = analyzeShell(text);
    expect(result).toMatchObject({ ok: false, dynamic: true, has_unknown_program: true });
    expect(result.error).toMatch(error);
  });

  test.each(
    lines(`
if true
echo 'a
echo "a
ls |
ls (a
ls > 2> x
\${ ls
echo $[1+
time && ls
time &
! &for f in a; do ls; done
(!)
[[ 2>&1 ]]
[[ a && a == 2<b ]]
[[ {x}>a ]]
coproc $ in
coproc x ]]
x $(time)
case a in a) ! ;; esac
for x in a; ls; done
`),
  )("%s: what bash does not parse is not ok", (text) => {
    expect(analyzeShell(text).ok).toBe(false);
  });
});

describe("every program that would run is listed", () => {
  test.each(
    table(`
ls | grep x |& wc -l => ls grep wc
a && b || c; d & e => a b c d e
(a; b) => a b
{ a; b; } 2>&1 => a b
if a; then b; elif c; then d; else e; fi => a b c d e
while a; do b; done => a b
until a; do b; done => a b
for x in $(a); do b; done => a b
for ((i=$(a); i<2; i++)); do b; done => a b
select x in a; do b; done => b
case $(a) in $(b)) c;; *) d;; esac => a b c d
f() { a; }; f => a f
function ls { rm x; }; ls => rm ls
coproc a => a
coproc N { a; } => a
! a => a
time a => a
!; a && ! => a
{ ! ; }; a => a
X=$(a) => a
X=$(a) b => a b
X=($(a) $(b)) => a b
X[$(a)]=1 => a
echo "$(a "$(b)")" => b a echo
echo \`a\` => a echo
echo \${x:-$(a)} => a echo
echo \${x/$(a)/$(b)} => a b echo
echo \${x:$(a)} => a echo
echo $((1 + $(a))) => a echo
echo $[$(a)] => a echo
((x = $(a))) => a
[[ $(a) == $(b) ]] => a b
cat <(a) => a cat
a > >(b) => b a
a < <(b) => b a
a <<< "$(b)" => b a
export X=$(a) => a export
declare -a X=($(a)) => a declare
> $(a) => a
`),
  )("%s", (text, expected) => {
    expect(analyzeShell(text).error).toBe("");
    expect(programsOf(text)).toEqual(expected.split(" "));
  });

  it("also in here-documents that are expanded, and not in those that are not", () => {
    expect(programsOf(["cat <<E", "$(a) `b`", `\${x:-$(c)}`, "E"].join("\n"))).toEqual(["a", "b", "c", "cat"]);
    expect(programsOf("cat <<'E'\n$(a)\nE")).toEqual(["cat"]);
  });
});

describe("a program is found however its name is written", () => {
  test.each(
    lines(`
rm x
/bin/rm x
./rm x
~/rm x
\\rm x
r''m x
"rm" x
'r'"m" x
r\\m x
$'\\x72m' x
$'\\162\\u006d' x
{rm,x}
rm\${IFS}x
rm$IFS'x'
X=rm; $X x
X=rm; \${X} x
X="rm x"; $X
X=r; Y=m; $X$Y x
X=r; X+=m; $X x
export X=rm; $X x
X=rm && $X x
`),
  )("%s", (text) => {
    expect(analyzeShell(text)).toMatchObject({
      ok: true,
      error: "",
      dynamic: false,
      programs: expect.arrayContaining(["rm"]),
    });
    expect(analyzeShell(text).commands.at(-1)).toMatchObject({ program: "rm", args: ["x"] });
  });

  test.each(
    lines(`
$X x
$(cat f) x
r$(cat f) x
\`cat f\` x
/bin/r? x
/bin/r[m] x
@(rm) x
$1 x
"$@"
\${X:-rm} x
\${!X} x
\${X@P} x
X=(rm x); "\${X[@]}"
read X; $X x
for X in a rm; do $X x; done
if a; then X=rm; fi; $X x
f() { $1 x; }; f rm
IFS=,; X=rm,x; $X
X=\${Y}m; $X x
while $X a; do X=rm; done
source f; X=$X; $X x
{"r",'r'}m x
<(a) x
{} x
=rm x
`),
  )("%s: what cannot be known is said to be unknown", (text) => {
    expect(analyzeShell(text)).toMatchObject({ ok: true, dynamic: true, has_unknown_program: true });
  });

  it.each([
    "X=/; if a; then X=b; fi; rm $X",
    "X=/; a && X=b; rm $X",
    "X=(/); X[1]=b; rm $X",
    `rm \${HOME:-b}`,
    "X=/; a && X=b; c > $X",
  ])("a file that it only may be is not all that is written: %s", (text) => {
    expect(analyzeShell(text).writes).toEqual(["b", "$"]);
  });

  it.each([
    ["$(echo rm) x", "rm x"],
    ["`echo -n rm` x", "rm x"],
    [`"$(printf %s rm)" x`, "rm x"],
    [`$(printf '%s %s\\n' rm x)`, "rm x"],
    [`$(printf -- '%s ' rm --)`, "rm --"],
    ["X=$(echo rm); $X x", "rm x"],
    ["$(echo rm x | cat | tee)", "rm x"],
    [`rm "$(cat <<'E'\nx $5\nE\n)"`, "rm x $5"],
    ["$(echo -x rm) y", "-x rm y"],
  ])("what is surely printed is a word: %s", (text, expected) => {
    const { ok, dynamic, commands } = analyzeShell(text);
    expect([ok, dynamic]).toEqual([true, false]);
    expect(commands.map(({ program, words }) => [program, ...words].join(" "))).toContain(expected);
  });

  it.each([
    "$(echo ls >&2) rm x",
    "$(echo ls 1<&2) rm x",
    "$(echo ls > f) rm x",
    "$({ echo ls; } >&2) rm x",
    "$(echo ls; :) rm x",
    "$(echo ls &) rm x",
    "$(./echo ls) rm x",
    "echo() { :; }; $(echo ls) rm x",
    "for i in 1 2; do $(echo ls) rm x; echo() { :; }; done",
    "alias echo=:; $(echo ls) rm x",
    "enable -n echo; $(echo ls) rm x",
    ". ./f; $(echo ls) rm x",
    "IFS=s; $(echo ls) rm x",
    `$(echo 'l\\x73') rm x`,
    "$(echo -e ls) rm x",
    "$(printf %d 7) rm x",
    "$(printf -v X ls) rm x",
    "$(echo *) rm x",
    "$(cat f) rm x",
    "$(echo ls | cat -n) rm x",
    "$(echo ls | rev) rm x",
    "$(command echo ls) rm x",
  ])("what may be printed is not static: %s", (text) => {
    expect(analyzeShell(text)).toMatchObject({ ok: true, dynamic: true });
  });

  it.each([
    [`X=(rm x); "\${X[@]}"`],
    [`set -- rm x; "$@"`],
    ["set rm x; $1 x"],
    [`bash -c '"$@"' _ rm x`],
    ["sh -c '$0 $1' rm x"],
    ["echo x | xargs rm"],
    ["echo x | xargs -I{} rm {}"],
    ["printf 'rm x' | xargs -I@ sh -c '@'"],
    ["parallel ::: 'rm x'"],
    ["parallel rm ::: x"],
    ["parallel rm {} ::: x"],
    ["echo x | parallel rm"],
    [`printf '\\x72\\155 x' | sh`],
    [`eval "$(echo -e '\\x72m x')"`],
  ])("%s shows the file that is removed, and is not static", (text) => {
    const { ok, dynamic, commands } = analyzeShell(text);
    expect([ok, dynamic]).toEqual([true, true]);
    expect(commands.map(({ program, words }) => [program, ...words].join(" "))).toContain("rm x");
  });

  it.each([
    "f() { rm x; }; f",
    "a && f() { rm x; }; f",
    "if a; then f() { rm x; }; fi; f",
    "echo $(f() { rm x; }; f)",
    "echo `f() { rm x; }; f`",
    "{ function f { rm x; }; f; }",
    "a \\\n\n f() { rm x; }",
    "case a in a) f() { rm x; };; esac",
  ])("a function may stand wherever a command may: %s", (text) => {
    expect(programsOf(text)).toContain("rm");
  });

  it("what echo does not know as an option is its text", () => {
    expect(programsOf("echo -delete | xargs find /")).toContain("find");
    expect(analyzeShell("echo -delete | xargs find /").commands.at(-1)).toMatchObject({ words: ["/", "-delete"] });
  });

  it("what is known of it is shown nevertheless", () => {
    expect(programsOf(`\${X:-rm} x`)).toContain("rm");
    expect(programsOf("$SUDO rm x")).toEqual(["$SUDO", "rm"]);
    expect(programsOf("if a; then X=rm; fi; $X x")).toContain("rm");
  });
});

describe("programs that run another one", () => {
  const WRAPPED = `
sudo rm x
sudo -u bob -E -- rm x
sudo -ubob X=1 rm x
doas -u bob rm x
env rm x
env -i -u A X=1 Y=2 rm x
env -S 'rm x'
nice rm x
nice -n 5 rm x
nice -5 rm x
ionice -c 2 -n 7 rm x
nohup rm x
timeout 5 rm x
timeout -k 5 -s KILL 10s rm x
/usr/bin/time -f %e rm x
stdbuf -oL rm x
setsid -w rm x
chrt -r 5 rm x
taskset -c 1 rm x
find . -exec rm x {} +
find . -execdir rm x \\;
find . -name a -ok rm x \\;
ssh host rm x
ssh -p 22 -i key user@host 'rm x'
ssh host -p 22 'cd /tmp && rm x'
ssh -o ProxyCommand='rm x' host
sh -c 'rm x'
bash -ec 'rm x'
bash -c -e 'rm x'
bash -o pipefail -c 'rm x'
bash -oc posix 'rm x'
bash --norc -c -- 'rm x'
/bin/zsh -c 'rm x'
dash -c 'bash -c "rm x"'
eval rm x
eval 'rm x'
eval eval eval rm x
exec rm x
exec -a ls rm x
command rm x
command -p rm x
builtin eval rm x
watch -n 1 rm x
watch 'rm x'
tmux new-session -d 'rm x'
tmux send-keys -t 0 'rm x' Enter
screen -dm rm x
docker exec -it c rm x
docker exec c sh -c 'rm x'
docker run --rm -v /:/h alpine rm x
podman exec c rm x
docker compose exec web rm x
kubectl exec pod -- rm x
kubectl -n a exec -it pod -c c -- sh -c 'rm x'
nsenter -t 1 -m -- rm x
unshare -r rm x
fakeroot -- rm x
prlimit --nofile=5 rm x
/lib64/ld-linux-x86-64.so.2 /bin/rm x
ssh-agent rm x
aa-exec -p p rm x
chronic rm x
cross-env A=b rm x
dotenv -e f -- rm x
watchexec rm x
nodemon --exec 'rm x'
npm explore p -- rm x
split --filter='rm x' f
mapfile -C 'rm x' -c 1 a
fc -e 'rm x'
chroot /mnt rm x
su -c 'rm x'
su - root -c 'rm x'
su --command='rm x' root
runuser -u bob -- rm x
script -c 'rm x' /dev/null
script -qc 'rm x'
busybox rm x
flock /tmp/l rm x
flock /tmp/l -c 'rm x'
trap 'rm x' EXIT
alias ls='rm x'
echo 'rm x' | sh
echo rm x | sudo bash -s
printf '%s' 'rm x' | sh
cat <<< 'rm x' | sh
echo 'rm x' | tee f | sh
sh <<< 'rm x'
sh -s <<< 'rm x'
at now <<< 'rm x'
ssh host <<< 'rm x'
git -c core.pager='rm x' log
git -c alias.y='!rm x' y
git config alias.y '!rm x'
git rebase -x 'rm x' main
git bisect run rm x
git submodule foreach 'rm x'
PAGER='rm x' git log
env EDITOR='rm x' git commit
tar cf a b --checkpoint=1 --checkpoint-action=exec='rm x'
tar -I 'rm x' -cf a b
rsync -e 'rm x' a b:
vim -c ':!rm x' f
vim '+!rm x' f
psql -c '\\! rm x'
sqlite3 db '.shell rm x'
awk 'BEGIN { system("rm x") }'
awk '{ print | "rm x" }'
awk '"rm x" | getline y'
sed '1e rm x' f
npx rm x
poetry run rm x
ip netns exec n rm x
strace -f rm x
hyperfine 'rm x'
systemd-run --user rm x
start-stop-daemon -S -x rm -- x
sudo env nice -n 5 timeout 5 sh -c 'eval rm x'
`;
  test.each(lines(WRAPPED))("%s", (text) => {
    const result = analyzeShell(text);
    expect(result.error).toBe("");
    expect(result.programs).toContain("rm");
    expect(result.commands.find(({ program }) => program === "rm")?.words[0]).toBe("x");
    expect(result.has_unknown_program).toBe(false);
  });

  test.each(
    lines(`
python3 -c 'import os; os.system("rm x")'
python -c 'import subprocess; subprocess.run(["rm", "x"])'
perl -e 'system("rm x")'
perl -e 'exec "rm", "x"'
perl -ne 'print \`rm x\`'
ruby -e 'system "rm x"'
ruby -e '%x(rm x)'
node -e 'require("child_process").execSync("rm x")'
node -e 'require("child_process").spawn("rm", ["x"])'
php -r 'shell_exec("rm x");'
python3 <<< 'import os; os.system("rm x")'
`),
  )("%s: code in another language shows what it visibly starts, and stays unknown", (text) => {
    const result = analyzeShell(text);
    expect(result).toMatchObject({ ok: true, has_unknown_program: true });
    expect(result.commands.find(({ program }) => program === "rm")?.words).toEqual(["x"]);
  });

  test.each(["python3 -c 'print(1 + len(\"ab\"))'", "ruby -e 'puts 1'", "lua -e 'print(1)'"])(
    "code that prints what it computes is no unknown program: %s",
    (text) => expect(analyzeShell(text)).toMatchObject({ ok: true, dynamic: false, has_unknown_program: false }),
  );

  test.each(
    lines(`
export LD_PRELOAD=./x.so; ls
PATH=/tmp/x:$PATH; ls
LESS='+!rm x' less f
PERL5DB='BEGIN { unlink "x" }' perl -d f
curl u | sh
curl u | sudo -E bash -
base64 -d f | sh
bash <(curl u)
sh -c "$(curl u)"
eval "$X"
source <(curl u)
. /dev/stdin <<< "$X"
curl u | python3
python3 -c 'print(open(1))'
python3 -c 'print("{x}")'
python3 -c "print('a')" file
perl -i -e print x
ruby -e 'puts "#{x}"'
find . -exec {} \\;
find . -exec sh -c 'rm {}' \\;
ls | xargs -I{} sh -c 'rm {}'
ls | xargs sh
parallel < f
sudo --new-option x rm y
LD_PRELOAD=x ls
env BASH_ENV=x bash -c ls
PATH=/tmp ls
awk "$X"
awk '{ print | $1 }'
awk '{ system($0) }'
awk '{ f = "system"; @f("x") }'
awk '1 / 2 | "sh" / 3'
sed 's/a/b/e' f
sed e f
xargs -a f $X
let 'a[$(rm x)]'
[[ -v 'a[$(rm x)]' ]]
x='a[$(rm y)]'; ((x))
hash -p /tmp/x ls
git ext::sh clone
fish -c 'ls'
screen -X stuff 'rm x'
`),
  )("%s: what it runs is unknown", (text) => {
    expect(analyzeShell(text)).toMatchObject({ ok: true, dynamic: true, has_unknown_program: true });
  });

  test.each(
    lines(`
command -v rm
sudo -l
awk '{ print $1 }' f
awk '$1 > 5 || /a|b/ { n++ } END { print n / 2, "a|b" }' f
sed -n -e '1,5p' -e '/x/,$ { s/a/b/g; y#a#b#; }' f
sed '/^#/d; s|/usr|/opt|2p; $!N' f
make all
npm run build
sh script.sh
NODE_OPTIONS=--max-old-space-size=4096 node x.js
ENV=prod; make all
LESS=-R less f
`),
  )("%s: is wholly known", (text) => {
    expect(analyzeShell(text)).toMatchObject({ ok: true, dynamic: false, has_unknown_program: false });
  });

  it("folders searched last take no program's name away", () => {
    expect(analyzeShell("PATH=$PATH:/opt/bin ls").has_unknown_program).toBe(false);
    expect(analyzeShell("export PATH=$PATH:/opt/bin; ls").has_unknown_program).toBe(false);
  });

  it("names the wrappers from the outside in", () => {
    const { commands } = analyzeShell("sudo env X=1 sh -c 'rm x'");
    expect(commands.map(({ program, wrapped_by }) => [program, wrapped_by])).toEqual([
      ["sudo", []],
      ["env", ["sudo"]],
      ["sh", ["sudo", "env"]],
      ["rm", ["sudo", "env", "sh"]],
    ]);
  });
});

describe("pipelines", () => {
  test.each([
    ["curl u | sh", true],
    ["curl u | sudo -E sh", true],
    ["curl u | tee f | sh", true],
    ["curl u | { cat; sh; }", true],
    ["sh <(curl u)", true],
    ["sh < <(curl u)", true],
    ["curl u > >(sh)", true],
    ['sh <<< "$(curl u)"', true],
    ["curl u; sh x", false],
    ["curl u && sh x", false],
    ["sh x | curl u", false],
  ])("%s feeds sh: %s", (text, expected) => {
    expect(pipesTo(analyzeShell(text), "sh")).toBe(expected);
    expect(runs(analyzeShell(text), "sh")).toBe(true);
  });

  it("says what each program may read", () => {
    expect(analyzeShell("a | b | c").commands.map(({ piped_from }) => piped_from)).toEqual([[], ["a"], ["a", "b"]]);
  });
});

describe("what else the text holds", () => {
  test.each([
    ["echo $(a)", "has_substitution"],
    ["a | b", "has_pipe"],
    ["a > b", "has_redirect"],
    ["a &", "has_background"],
    ["f() { a; }", "has_function"],
    ["a <<E\nE", "has_heredoc"],
    ["rm *", "has_glob"],
  ] as const)("%s: %s", (text, field) => {
    expect(analyzeShell(text)[field]).toBe(true);
    expect(analyzeShell("echo '$(a) | > & * f() <<E'")[field]).toBe(false);
  });

  it("variables are listed with their last value, also `__proto__`", () => {
    const { assignments } = analyzeShell("X=1; X=2; Y=3 a; __proto__=x; export Z=4; env W=5 b");
    expect(Object.entries(assignments)).toEqual([
      ["X", "2"],
      ["__proto__", "x"],
      ["Z", "4"],
      ["W", "5"],
    ]);
    expect(analyzeShell("Y=3 __proto__=4 a").commands[0]?.assignments).toEqual(
      Object.assign(Object.create(null), { Y: "3", ["__proto__"]: "4" }),
    );
  });

  it("a command of the background says so, also behind its wrapper", () => {
    expect(analyzeShell("nohup a & b").commands.map(({ background }) => background)).toEqual([true, true, false]);
  });
});
