/** How a program runs what its arguments say. */
export interface Wrapper {
  /** As in `KNOWN_OPTIONS`; an option that is missing here makes what is run unknown. */
  readonly options?: string;
  /** Operands in front of what is run, such as a host or a container. */
  readonly operands?: number;
  /** What stands behind them: the words of a command, words that are joined to shell text, or nothing that runs. */
  readonly runs: "argv" | "text" | "nothing";
  /** Whether `NAME=value` may stand in front of the command. */
  readonly assignments?: true;
  /** Options whose value is shell text. */
  readonly text?: readonly string[];
  /** Options whose value is the program, with the words behind the operands as its arguments. */
  readonly program?: readonly string[];
  /** Options with which it runs nothing. */
  readonly inert?: readonly string[];
  /** Options whose value is `setting=shell text` for the settings in `settings`. */
  readonly settingOptions?: readonly string[];
  readonly settings?: RegExp;
  /** Whether it adds words that are known only at run time. */
  readonly appends?: true;
  /** Whether it runs in this very shell, so that variables stay. */
  readonly isInside?: true;
  /** Whether text on its input is shell text when no operand says otherwise. */
  readonly readsInput?: true;
}

const SSH_SETTINGS =
  /^\s*(?:ProxyCommand|LocalCommand|KnownHostsCommand|RemoteCommand|ProxyUseFdpass)\s*[= ]\s*(.*)$/is;
const DASH_C = ["-c"] as const;

const GIT_SETTINGS =
  /^(?:core\.(?:pager|editor|sshCommand|askPass|fsmonitor|gitProxy|hooksPath)|sequence\.editor|pager\.[^=]*|(?:diff|difftool|mergetool|merge|filter|trailer)\.[^=]*(?:external|cmd|command|textconv|driver|clean|smudge|process|path)|diff\.external|credential\.(?:[^=]*\.)?helper|gpg\.(?:[^=]*\.)?program|uploadpack\.packObjectsHook|interactive\.diffFilter|sendemail\.[^=]*cmd|browser\.[^=]*|man\.[^=]*|remote\.[^=]*\.(?:vcs|uploadpack|receivepack)|include\.path|includeIf\.[^=]*|init\.templateDir|protocol\.(?:[^=]*\.)?allow|url\.[^=]*)=(.*)$/is;

/** By program, or by program and subcommand. */
export const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  // The shell's own
  eval: { runs: "text", isInside: true },
  exec: { options: "c l a=", runs: "argv", isInside: true },
  command: { options: "p v V", runs: "argv", inert: ["-v", "-V"], isInside: true },
  builtin: { runs: "argv", isInside: true },
  trap: { options: "l p P", operands: 0, runs: "nothing", isInside: true },
  alias: { options: "p", runs: "nothing", isInside: true },
  complete: {
    options: "a b c d e f g j k s u v p r D E I o= A= G= W= F= C= X= P= S=",
    runs: "nothing",
    text: ["-C", "-W"],
  },
  compgen: { options: "a b c d e f g j k s u v o= A= G= W= F= C= X= P= S= V=", runs: "nothing", text: ["-C", "-W"] },
  bind: { options: "l p P s S v V X m= f= q= u= r= x=", runs: "nothing", text: ["-x"] },
  mapfile: { options: "d= n= O= s= t u= C= c=", runs: "nothing", text: ["-C"] },
  readarray: { options: "d= n= O= s= t u= C= c=", runs: "nothing", text: ["-C"] },
  fc: { options: "e= l n r s", runs: "nothing", text: ["-e"] },
  // Other users and environments
  sudo: {
    options:
      "A|askpass B|bell b|background C|close-from= D|chdir= E preserve-env=? e|edit g|group= H|set-home h|host= i|login K|remove-timestamp k|reset-timestamp l|list N|no-update n|non-interactive P|preserve-groups p|prompt= R|chroot= r|role= S|stdin s|shell T|command-timeout= t|type= U|other-user= u|user= V|version v|validate help",
    runs: "argv",
    assignments: true,
    inert: ["-l", "-v", "-V", "-e"],
  },
  doas: { options: "L n s C= u=", runs: "argv" },
  pkexec: { options: "user= disable-internal-agent keep-cwd version help", runs: "argv" },
  gosu: { operands: 1, runs: "argv" },
  "su-exec": { operands: 1, runs: "argv" },
  su: {
    options:
      "c|command= f|fast g|group= G|supp-group= l|login m|p|preserve-environment P|pty s|shell= session-command= w|whitelist-environment= h V",
    operands: 2,
    runs: "nothing",
    text: ["-c", "--session-command"],
  },
  runuser: {
    options:
      "c|command= f|fast g|group= G|supp-group= l|login m|p|preserve-environment P|pty s|shell= u|user= session-command= w|whitelist-environment=",
    runs: "argv",
    text: ["-c", "--session-command"],
  },
  sg: { options: "c=", operands: 1, runs: "text", text: DASH_C },
  env: {
    options:
      "i|ignore-environment 0|null u|unset= C|chdir= S|split-string= block-signal=? default-signal=? ignore-signal=? list-signal-handling v|debug a|argv0= P=",
    runs: "argv",
    assignments: true,
    text: ["-S"],
  },
  // How it runs
  nice: { options: "n|adjustment=", runs: "argv" },
  ionice: { options: "c|class= n|classdata= p|pid= P|pgid= u|uid= t|ignore", runs: "argv" },
  ionic: { options: "c= n=", runs: "argv" },
  chrt: {
    options:
      "a|all-tasks b|batch d|deadline f|fifo i|idle m|max o|other r|rr R|reset-on-fork p|pid v|verbose T|sched-runtime= P|sched-period= D|sched-deadline=",
    operands: 1,
    runs: "argv",
  },
  taskset: { options: "a|all-tasks c|cpu-list p|pid", operands: 1, runs: "argv" },
  numactl: {
    options: "i|interleave= p|preferred= m|membind= N|cpunodebind= C|physcpubind= l|localalloc s|show H|hardware",
    runs: "argv",
  },
  nohup: { runs: "argv" },
  timeout: { options: "f|foreground k|kill-after= p|preserve-status s|signal= v|verbose", operands: 1, runs: "argv" },
  time: { options: "a|append f|format= o|output= p|portability v|verbose q|quiet", runs: "argv" },
  stdbuf: { options: "i|input= o|output= e|error=", runs: "argv" },
  setsid: { options: "c|ctty f|fork w|wait", runs: "argv" },
  setarch: { options: "R|addr-no-randomize F 3 B L I S T X Z v|verbose 4 list", operands: 1, runs: "argv" },
  linux32: { options: "R", runs: "argv" },
  linux64: { options: "R", runs: "argv" },
  unbuffer: { options: "p", runs: "argv" },
  caffeinate: { options: "d i m s u t= w=", runs: "argv" },
  flock: {
    options:
      "s|shared x|e|exclusive n|nb|nonblock w|wait|timeout= E|conflict-exit-code= o|close u|unlock c|command= F|no-fork v|verbose",
    operands: 1,
    runs: "argv",
    text: DASH_C,
  },
  watch: {
    options:
      "b|beep c|color C|no-color d|differences=? e|errexit g|chgexit q|equexit= n|interval= p|precise r|no-rerun t|no-title w|no-wrap x|exec",
    runs: "text",
  },
  entr: { options: "a c d n p r s z x", runs: "argv", appends: true },
  hyperfine: {
    options:
      "w|warmup= m|min-runs= M|max-runs= r|runs= p|prepare= c|cleanup= s|setup= N i|ignore-failure S|shell= style= export-json= export-markdown= export-csv= n|command-name= show-output u|time-unit=",
    runs: "text",
    text: ["-p", "-c", "-s"],
  },
  strace: {
    options: "f F c C D d h i k n q r t T v V w x X y z Z A a= b= e= E= I= o= O= p= P= s= S= u= U=",
    runs: "argv",
  },
  ltrace: { options: "f c C d h i r S t T a= A= D= e= F= l= n= o= p= s= u= w= x=", runs: "argv" },
  valgrind: {
    options: "q|quiet v|verbose tool= leak-check= log-file= track-origins= show-leak-kinds= error-exitcode=",
    runs: "argv",
  },
  "perf stat": { options: "a e= r= o= d p= t= C= I= x= B v", runs: "argv" },
  "perf record": { options: "a g e= F= o= p= t= C= c= call-graph= q v", runs: "argv" },
  "systemd-run": {
    options:
      "user system scope u|unit= p|property= description= slice= r|remain-after-exit send-sighup service-type= uid= gid= nice= working-directory= d|same-dir E|setenv= t|pty P|pipe q|quiet G|collect S|shell H|host= M|machine= no-block wait on-active= on-boot= on-calendar= timer-property= no-ask-password",
    runs: "argv",
  },
  "start-stop-daemon": {
    options:
      "S|start K|stop T|status x|exec= a|startas= p|pidfile= u|user= n|name= c|chuid= g|group= d|chdir= r|chroot= b|background m|make-pidfile q|quiet o|oknodo t|test s|signal= R|retry= v|verbose C|no-close N|nicelevel= k|umask=",
    runs: "nothing",
    program: ["-x", "-a"],
  },
  script: {
    options:
      "a|append c|command= e|return E|echo= f|flush force q|quiet I|log-in= O|log-out= B|log-io= T|log-timing= m|logging-format= o|output-limit= t|timing=?",
    operands: 1,
    runs: "nothing",
    text: DASH_C,
  },
  // Other roots, namespaces and networks
  chroot: { options: "groups= userspec= skip-chdir", operands: 1, runs: "argv" },
  nsenter: {
    options:
      "a|all t|target= m|mount=? u|uts=? i|ipc=? n|net=? N|net-socket= p|pid=? C|cgroup=? U|user=? T|time=? S|setuid=? G|setgid=? preserve-credentials r|root=? w|wd=? W|wdns=? e|env F|no-fork Z|follow-context c|join-cgroup",
    runs: "argv",
  },
  unshare: {
    options:
      "m|mount=? u|uts=? i|ipc=? n|net=? p|pid=? U|user=? C|cgroup=? T|time=? f|fork r|map-root-user c|map-current-user map-user= map-group= map-users= map-groups= map-auto mount-proc=? propagation= setgroups= kill-child=? keep-caps R|root= w|wd= S|setuid= G|setgid= monotonic= boottime=",
    runs: "argv",
  },
  setpriv: {
    options:
      "d|dump nnp|no-new-privs ruid= euid= reuid= rgid= egid= regid= clear-groups keep-groups init-groups groups= inh-caps= ambient-caps= bounding-set= securebits= reset-env pdeathsig= selinux-label= apparmor-profile=",
    runs: "argv",
  },
  capsh: { options: "c= print drop= user= uid= gid= keep= inh= chroot= secbits=", runs: "argv", text: DASH_C },
  fakeroot: { options: "l|lib= f|faked= i= s= u|unknown-is-real b|fd-base= h v", runs: "argv" },
  proot: {
    options:
      "r|rootfs= b|bind|m|mount= q|qemu= w|pwd|cwd= v|verbose= V h k|kernel-release= 0|root-id i|change-id= R= S=",
    runs: "argv",
  },
  bwrap: {
    options:
      "unshare-all unshare-user unshare-pid unshare-net unshare-ipc unshare-uts unshare-cgroup share-net die-with-parent new-session proc= dev= tmpfs= dir= chdir= hostname= uid= gid= unsetenv=",
    runs: "argv",
  },
  runcon: { options: "c|compute t|type= u|user= r|role= l|range=", operands: 1, runs: "argv" },
  "aa-exec": { options: "p|profile= n|namespace= d|debug i|immediate v|verbose", runs: "argv" },
  prlimit: {
    options:
      "p|pid= o|output= raw verbose noheadings c|core=? d|data=? f|fsize=? l|memlock=? n|nofile=? s|stack=? t|cpu=? u|nproc=? v|as=?",
    runs: "argv",
  },
  choom: { options: "n|adjust= p|pid=", runs: "argv" },
  catchsegv: { runs: "argv" },
  chronic: { options: "v e", runs: "argv" },
  ifne: { options: "n", runs: "argv" },
  tsp: { options: "n f m d E L= N= B", runs: "argv" },
  "ssh-agent": { options: "a= D d k c s E= O= P= t=", runs: "argv" },
  "dbus-run-session": { options: "config-file= dbus-daemon=", runs: "argv" },
  "xvfb-run": {
    options:
      "a|auto-servernum e|error-file= f|auth-file= l|listen-tcp n|server-num= p|xauth-protocol= s|server-args= w|wait=",
    runs: "argv",
  },
  "ld.so": { options: "list verify inhibit-cache library-path= preload= argv0=", runs: "argv" },
  "cross-env": { runs: "argv", assignments: true },
  "env-cmd": { options: "f|file= e|environments= no-override silent", runs: "argv" },
  dotenv: { options: "e= c=? o v= f|file= override", runs: "argv" },
  watchexec: {
    options: "e|exts= w|watch= r|restart c|clear=? i|ignore= n|no-vcs-ignore p|postpone s|signal=",
    runs: "text",
  },
  nodemon: {
    options: "x|exec= e|ext= w|watch= i|ignore= q|quiet V|verbose L|legacy-watch d|delay= signal= config=",
    runs: "nothing",
    text: ["-x"],
  },
  firejail: {
    options: "private=? net= noprofile quiet profile= name= noroot seccomp=? caps=? whitelist= blacklist=",
    runs: "argv",
  },
  proxychains: { options: "q f=", runs: "argv" },
  proxychains4: { options: "q f=", runs: "argv" },
  torsocks: { options: "i q d a= P=", runs: "argv" },
  "ip netns exec": { operands: 1, runs: "argv" },
  "ip vrf exec": { operands: 1, runs: "argv" },
  ssh: { operands: 1, runs: "text", settingOptions: ["-o"], settings: SSH_SETTINGS, readsInput: true },
  scp: { runs: "nothing", program: ["-S"], settingOptions: ["-o"], settings: SSH_SETTINGS },
  sftp: { runs: "nothing", program: ["-S"], settingOptions: ["-o"], settings: SSH_SETTINGS },
  sshpass: { options: "f= d= p= e P= v", runs: "argv" },
  autossh: {
    options: "M= f N T V q C v A 4 6 i= l= L= R= D= p= o= F= t",
    operands: 1,
    runs: "text",
    settingOptions: ["-o"],
    settings: SSH_SETTINGS,
  },
  mosh: {
    options: "ssh= p|port= server= client= a n 4 6 predict=",
    operands: 1,
    runs: "argv",
    text: ["--ssh", "--server"],
  },
  rsync: { runs: "nothing", text: ["-e", "--rsync-path"] },
  nc: { runs: "nothing", text: ["-e", "-c"] },
  tar: {
    runs: "nothing",
    text: ["--to-command", "-I", "-F", "--rsh-command", "--rmt-command"],
    settingOptions: ["--checkpoint-action"],
    settings: /^exec=(.*)$/is,
  },
  sort: { runs: "nothing", text: ["--compress-program"] },
  split: {
    options:
      "a|suffix-length= additional-suffix= b|bytes= C|line-bytes= d e|elide-empty-files x filter= l|lines= n|number= t|separator= u|unbuffered verbose numeric-suffixes=? hex-suffixes=?",
    runs: "nothing",
    text: ["--filter"],
  },
  man: {
    options: "P|pager= H|html=? k f a w C= M= S= s= L= l K d D m= e= r= 7 E= T=? X=? Z t p= u",
    runs: "nothing",
    text: ["-P", "-H"],
  },
  zip: {
    options: "r e q 9 0 1 u f d m j x= i= T TT|unzip-command= P= v y o l n= b= s= D X @",
    runs: "nothing",
    text: ["-TT", "--unzip-command"],
  },
  // Many times
  xargs: {
    options:
      "0|null a|arg-file= d|delimiter= E= e|eof=? I= i|replace=? L= l|max-lines=? n|max-args= o|open-tty P|max-procs= p|interactive process-slot-var= r|no-run-if-empty s|max-chars= show-limits t|verbose x|exit J= R= S=",
    runs: "argv",
    appends: true,
  },
  parallel: {
    options:
      "0|null a|arg-file= arg-sep= bar C|colsep= d|delimiter= dry-run E= eta halt= I= i|replace=? j|jobs|max-procs|P= joblog= k|keep-order L= l=? line-buffer load= m N= n|max-args= nice= no-notice pipe progress q|quote r|no-run-if-empty retries= S|sshlogin= s= silent tag t|verbose timeout= tmpdir= trc= ungroup u group v wd|workdir= will-cite X x results= shuf bg fg semaphore citation",
    runs: "text",
    appends: true,
    readsInput: true,
  },
  // Terminals
  tmux: { options: "2 C D d l N u v V P h b Z k a c= f= L= S= T= t= n= s= x= y= F= e=", runs: "nothing", text: DASH_C },
  screen: { options: "a A d D m L q R r=? S= X t= T= U x e= f h= i l n O p= s= v w c= ls", runs: "argv" },
  // Containers
  "docker exec": { operands: 1, runs: "argv" },
  "docker container exec": {
    options: "d|detach e|env= env-file= i|interactive privileged t|tty u|user= w|workdir= detach-keys=",
    operands: 1,
    runs: "argv",
  },
  "docker compose exec": {
    options: "d|detach e|env= index= T|no-TTY privileged u|user= w|workdir= i|interactive t|tty",
    operands: 1,
    runs: "argv",
  },
  "docker compose run": {
    options:
      "build d|detach entrypoint= e|env= i|interactive l|label= name= T|no-TTY no-deps p|publish= quiet-pull rm service-ports u|user= v|volume= w|workdir= t",
    operands: 1,
    runs: "argv",
    program: ["--entrypoint"],
  },
  "docker run": { operands: 1, runs: "argv", program: ["--entrypoint"] },
  "docker create": { operands: 1, runs: "argv", program: ["--entrypoint"] },
  "docker container run": { operands: 1, runs: "argv", program: ["--entrypoint"] },
  "kubectl exec": { operands: 1, runs: "argv" },
  "kubectl run": { operands: 1, runs: "argv" },
  "kubectl debug": { operands: 1, runs: "argv" },
  "lxc exec": {
    options: "cwd= env= user= group= mode= t|force-interactive T|force-noninteractive n|disable-stdin",
    operands: 1,
    runs: "argv",
  },
  "lxc-attach": {
    options: "n|name= e|elevated-privileges=? s|namespaces= v|set-var= keep-env clear-env u|uid= g|gid=",
    runs: "argv",
  },
  "machinectl shell": { options: "uid= E|setenv= q|quiet", operands: 1, runs: "argv" },
  "vagrant ssh": { options: "c|command= p|plain t|tty", operands: 1, runs: "nothing", text: DASH_C },
  "gcloud compute ssh": {
    options: "command= zone= project= ssh-flag= tunnel-through-iap internal-ip quiet q",
    operands: 1,
    runs: "argv",
    text: ["--command"],
  },
  // Version control
  git: { runs: "nothing", settingOptions: DASH_C, settings: GIT_SETTINGS },
  "git config": { runs: "nothing", settingOptions: [], settings: GIT_SETTINGS },
  "git clone": { runs: "nothing", text: ["-u"], settingOptions: DASH_C, settings: GIT_SETTINGS },
  "git fetch": { runs: "nothing", text: ["--upload-pack"] },
  "git pull": { runs: "nothing", text: ["--upload-pack"] },
  "git push": { runs: "nothing", text: ["--receive-pack"] },
  "git ls-remote": {
    options: "upload-pack|exec= heads tags t h q refs get-url sort= symref exit-code",
    runs: "nothing",
    text: ["--upload-pack"],
  },
  "git rebase": { runs: "nothing", text: ["-x"] },
  "git grep": { runs: "nothing", text: ["-O"] },
  "git difftool": {
    options: "x|extcmd= t|tool= d|dir-diff y|no-prompt prompt g|gui cached staged",
    runs: "nothing",
    text: ["-x"],
  },
  "git bisect run": { runs: "argv" },
  "git submodule foreach": { options: "recursive q|quiet", runs: "text" },
  "git filter-branch": {
    options:
      "f|force setup= subdirectory-filter= env-filter= tree-filter= index-filter= parent-filter= msg-filter= commit-filter= tag-name-filter= prune-empty original= d= state-branch=",
    runs: "nothing",
    text: [
      "--setup",
      "--env-filter",
      "--tree-filter",
      "--index-filter",
      "--parent-filter",
      "--msg-filter",
      "--commit-filter",
      "--tag-name-filter",
    ],
  },
  // Packages and their environments
  npx: { options: "y|yes no p|package= c|call= q|quiet ignore-existing shell=", runs: "argv", text: DASH_C },
  bunx: { options: "bun p|package=", runs: "argv" },
  uvx: { options: "from= with= p|python= q|quiet", runs: "argv" },
  "npm exec": { options: "y|yes p|package= c|call= w|workspace= ws|workspaces", runs: "argv", text: DASH_C },
  "npm explore": { options: "shell=", operands: 1, runs: "argv", text: ["--shell"] },
  "pnpm exec": { options: "r|recursive parallel c|shell-mode", runs: "argv" },
  "pnpm dlx": { options: "package= c|shell-mode", runs: "argv" },
  "yarn dlx": { options: "p|package= q|quiet", runs: "argv" },
  "yarn exec": { runs: "argv" },
  "pipx run": { options: "spec= pip-args= no-cache python=", runs: "argv" },
  "uv run": {
    options:
      "with= p|python= isolated no-project project= extra= group= env-file= m|module= script frozen locked q|quiet",
    runs: "argv",
  },
  "poetry run": { runs: "argv" },
  "pipenv run": { runs: "argv" },
  "bundle exec": { options: "keep-file-descriptors gemfile=", runs: "argv" },
  "conda run": { options: "n|name= p|prefix= v|verbose dev no-capture-output|live-stream cwd=", runs: "argv" },
  "rbenv exec": { runs: "argv" },
  "pyenv exec": { runs: "argv" },
  "direnv exec": { operands: 1, runs: "argv" },
  "mise exec": { options: "c|command= C|cd= j|jobs=", runs: "argv", text: DASH_C },
  "nix-shell": {
    options: "p|packages= run= command= pure i= keep= A= I=",
    operands: Number.POSITIVE_INFINITY,
    runs: "nothing",
    text: ["--run", "--command"],
  },
  "op run": { options: "env-file= no-masking account=", runs: "argv" },
  "doppler run": { options: "p|project= c|config= command=", runs: "argv", text: ["--command"] },
  "aws-vault exec": { options: "d|duration= n|no-session region= s|server j|json", operands: 1, runs: "argv" },
  busybox: { options: "list list-full install", runs: "argv" },
  toybox: { runs: "argv" },
  // Later
  at: {
    options: "q= f= m l b v d c r M V t=",
    operands: Number.POSITIVE_INFINITY,
    runs: "nothing",
    readsInput: true,
    inert: ["-l", "-d", "-r", "-c"],
  },
  batch: { runs: "nothing", readsInput: true },
};
