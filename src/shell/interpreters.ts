/** How a program takes code in a language other than the shell's. */
export interface Interpreter {
  /** Options whose value is code, dashes included. */
  readonly code: readonly string[];
  /** Options, as in `KNOWN_OPTIONS`. */
  readonly options: string;
  /** Whether the first operand is code, or a file with code, or neither. */
  readonly operand: "file" | "code" | "none";
  readonly language: "general" | "editor" | "database";
}

const general = (options: string, ...code: string[]): Interpreter => ({
  options,
  code,
  operand: "file",
  language: "general",
});

const SQL_SHELL: Omit<Interpreter, "options" | "code"> = { operand: "none", language: "database" };

export const INTERPRETERS: ReadonlyMap<string, Interpreter> = new Map([
  ["python", general("c= m= W= X= b B d E h i I O P q s S u v V x check-hash-based-pycs=", "-c")],
  ["pypy", general("c= m= W= X= b B d E h i I O P q s S u v V x", "-c")],
  ["perl", general("e= E= n p i=? a l=? 0=? F= w W s S c v V T t u U X x=? M= m= I= D= C=? d=? h f g", "-e", "-E")],
  ["ruby", general("e= n p i=? a l 0=? F=? w W=? s S c v T=? x=? r= I= C= d h E= K=? U y", "-e")],
  [
    "node",
    general(
      "e|eval= p|print= pe= r|require= c|check i|interactive input-type= import= loader= max-old-space-size= inspect=? env-file= test watch h v no-warnings experimental-strip-types",
      "-e",
      "-p",
      "--pe",
    ),
  ],
  ["bun", general("e|eval= p|print= r|preload=", "-e", "-p")],
  ["php", general("r= B= R= E= F= f= d= c= n a l w s i m v h q z= S= t=", "-r", "-B", "-R", "-E")],
  ["lua", general("e= l= i v E W", "-e")],
  ["luajit", general("e= l= i v E j= O=? b", "-e")],
  ["Rscript", general("e= verbose default-packages= vanilla", "-e")],
  ["julia", general("e|eval= E|print= i L|load= p|procs= q", "-e", "-E")],
  ["osascript", general("e= l= i s=", "-e")],
  [
    "powershell",
    general(
      "c= Command= EncodedCommand= e= File= f= NoProfile NonInteractive ExecutionPolicy= -Command= -EncodedCommand= -c= -e= -File= -NoProfile -NonInteractive -ExecutionPolicy= -enc=",
      "-c",
      "-Command",
      "-EncodedCommand",
      "-e",
      "-enc",
    ),
  ],
  ["expect", general("c= d D= f= i n N v b", "-c")],
  ["tclsh", general("encoding=")],
  [
    "gdb",
    {
      ...general(
        "ex|-ex|eval-command|-eval-command= iex|-iex|init-eval-command= x|command= batch|-batch p|pid= args|-args q nx|-nx",
        "--ex",
        "--iex",
      ),
      operand: "none",
    },
  ],
  [
    "vim",
    {
      options:
        "c= cmd|-cmd= S= s= u= U= e E s n N R Z b d D f g h H l L m M o=? O=? p=? r t= T= v V=? w= W= x X y A i=",
      code: ["-c", "--cmd"],
      operand: "none",
      language: "editor",
    },
  ],
  ["emacs", { ...general("eval= f|funcall= l|load= batch script= Q q nw", "--eval", "-f"), operand: "none" }],
  [
    "psql",
    {
      ...SQL_SHELL,
      options:
        "c|command= f|file= d|dbname= h|host= p|port= U|username= w W v|set|variable= a A b e E F= H L= l n o= P= q R= s S t T= x X z 0 1 V",
      code: ["-c"],
    },
  ],
  [
    "mysql",
    {
      ...SQL_SHELL,
      options: "e|execute= h|host= P|port= u|user= p|password=? D|database= S|socket= N B s r t v f n q A C E H X",
      code: ["-e"],
    },
  ],
  [
    "sqlite3",
    {
      ...SQL_SHELL,
      options:
        "cmd|-cmd= init|-init= batch|-batch csv|-csv json|-json header|-header noheader|-noheader readonly|-readonly separator|-separator= line|-line column|-column list|-list html|-html bail|-bail",
      code: ["--cmd"],
      operand: "code",
    },
  ],
]);
