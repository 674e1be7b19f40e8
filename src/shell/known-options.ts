/**
 * Options of programs, as they are written in their manuals: spellings of the same option are joined by `|`, `=` takes a
 * value, `=?` takes one only in the same word. One letter has one dash, more have two unless a dash is written.
 * A key of two words is a subcommand, whose options are those of the program as well.
 */
export const KNOWN_OPTIONS: Readonly<Record<string, string>> = {
  // Files
  rm: "r|R|recursive f|force i I interactive=? d|dir v|verbose one-file-system no-preserve-root preserve-root=? x P W help version",
  cp: "a|archive b backup=? f|force i|interactive H l|link L|dereference n|no-clobber P|no-dereference p preserve=? no-preserve= parents R|r|recursive reflink=? remove-destination sparse= s|symbolic-link S|suffix= t|target-directory= T|no-target-directory u|update=? v|verbose x|one-file-system Z context=? d attributes-only strip-trailing-slashes",
  mv: "b backup=? f|force i|interactive n|no-clobber S|suffix= t|target-directory= T|no-target-directory u|update=? v|verbose Z|context strip-trailing-slashes",
  ln: "b backup=? d|F|directory f|force i|interactive L|logical n|no-dereference P|physical r|relative s|symbolic S|suffix= t|target-directory= T|no-target-directory v|verbose h",
  install:
    "b backup=? c C|compare d|directory D g|group= m|mode= o|owner= p|preserve-timestamps s|strip strip-program= S|suffix= t|target-directory= T|no-target-directory v|verbose Z context=?",
  chmod: "c|changes f|silent|quiet v|verbose no-preserve-root preserve-root reference= R|recursive",
  chown:
    "c|changes f|silent|quiet v|verbose dereference h|no-dereference from= no-preserve-root preserve-root reference= R|recursive H L P",
  chgrp:
    "c|changes f|silent|quiet v|verbose dereference h|no-dereference no-preserve-root preserve-root reference= R|recursive H L P",
  mkdir: "m|mode= p|parents v|verbose Z context=?",
  rmdir: "ignore-fail-on-non-empty p|parents v|verbose",
  touch: "a c|no-create d|date= f h|no-dereference m r|reference= t= time=",
  truncate: "c|no-create o|io-blocks r|reference= s|size=",
  shred: "f|force n|iterations= random-source= s|size= u remove=? v|verbose x|exact z|zero",
  tee: "a|append i|ignore-interrupts p output-error=?",
  dd: "help version",
  tar: "A|catenate|concatenate c|create d|diff|compare delete r|append t|list test-label u|update x|extract|get f|file= C|directory= z|gzip|gunzip|ungzip j|bzip2 J|xz lzma zstd Z|compress|uncompress a|auto-compress I|use-compress-program= v|verbose p|preserve-permissions|same-permissions P|absolute-names O|to-stdout to-command= T|files-from= X|exclude-from= exclude= b|blocking-factor= g|listed-incremental= k|keep-old-files overwrite remove-files strip-components= transform|xform= owner= group= mode= checkpoint=? checkpoint-action= h|dereference N|newer|after-date= w|interactive|confirmation W|verify m|touch M|multi-volume L|tape-length= F|info-script|new-volume-script= rsh-command= rmt-command= numeric-owner no-same-owner same-owner S|sparse l|check-links n|seek o i|ignore-zeros B|read-full-records R|block-number K|starting-file= V|label= s G|incremental U|unlink-first H|format= wildcards anchored one-file-system null no-recursion totals=? warning= sort= mtime= acls xattrs selinux",
  find: "H L P",
  rsync:
    "v|verbose q|quiet a|archive r|recursive R|relative b|backup backup-dir= suffix= u|update inplace append d|dirs l|links L|copy-links k|copy-dirlinks K|keep-dirlinks H|hard-links p|perms E|executability A|acls X|xattrs o|owner g|group D devices specials t|times O|omit-dir-times super S|sparse n|dry-run W|whole-file x|one-file-system B|block-size= e|rsh= rsync-path= existing ignore-existing remove-source-files del delete delete-before delete-during delete-delay delete-after delete-excluded ignore-errors force max-delete= max-size= min-size= partial partial-dir= delay-updates m|prune-empty-dirs numeric-ids usermap= groupmap= chown= timeout= I|ignore-times size-only modify-window= T|temp-dir= y|fuzzy compare-dest= copy-dest= link-dest= z|compress compress-level= C|cvs-exclude f|filter= F exclude= exclude-from= include= include-from= files-from= 0|from0 s|protect-args address= port= sockopts= stats 8|8-bit-output h|human-readable progress P i|itemize-changes M|remote-option= out-format= log-file= password-file= list-only bwlimit= 4|ipv4 6|ipv6 chmod= c|checksum no-motd info= debug=",
  // Texts
  sed: "n|quiet|silent e|expression= f|file= E|r|regexp-extended i|in-place=? l|line-length= s|separate u|unbuffered z|null-data posix debug sandbox b|binary follow-symlinks",
  awk: "F|field-separator= v|assign= f|file= i|include= l|load= E|exec= e|source= O|optimize d|dump-variables=? p|profile=? o|pretty-print=? b|characters-as-bytes c|traditional P|posix S|sandbox n|non-decimal-data N|use-lc-numeric r|re-interval M|bignum t|lint-old L|lint=? h|help V|version C|copyright g|gen-pot D|debug=? s|no-optimize I|trace",
  grep: "E|extended-regexp F|fixed-strings G|basic-regexp P|perl-regexp e|regexp= f|file= i|y|ignore-case no-ignore-case v|invert-match w|word-regexp x|line-regexp c|count color|colour=? L|files-without-match l|files-with-matches m|max-count= o|only-matching q|quiet|silent s|no-messages b|byte-offset H|with-filename h|no-filename label= n|line-number T|initial-tab Z|null A|after-context= B|before-context= C|context= a|text binary-files= D|devices= d|directories= exclude= exclude-from= exclude-dir= I include= r|recursive R|dereference-recursive line-buffered U|binary z|null-data",
  sort: "b|ignore-leading-blanks d|dictionary-order f|ignore-case g|general-numeric-sort i|ignore-nonprinting M|month-sort h|human-numeric-sort n|numeric-sort R|random-sort random-source= r|reverse sort= V|version-sort batch-size= c|check=? C compress-program= debug files0-from= k|key= m|merge o|output= s|stable S|buffer-size= t|field-separator= T|temporary-directory= parallel= u|unique z|zero-terminated",
  head: "c|bytes= n|lines= q|quiet|silent v|verbose z|zero-terminated",
  tail: "c|bytes= f follow=? F n|lines= max-unchanged-stats= pid= q|quiet|silent retry s|sleep-interval= v|verbose z|zero-terminated",
  cut: "b|bytes= c|characters= d|delimiter= f|fields= n complement s|only-delimited output-delimiter= z|zero-terminated",
  // Network
  curl: "o|output= O|remote-name remote-name-all J|remote-header-name output-dir= create-dirs d|data|data-ascii= data-binary= data-raw= data-urlencode= json= F|form= form-string= T|upload-file= X|request= H|header= A|user-agent= e|referer= b|cookie= c|cookie-jar= u|user= U|proxy-user= x|proxy= preproxy= socks4= socks4a= socks5= socks5-hostname= noproxy= L|location location-trusted k|insecure s|silent S|show-error f|fail fail-with-body i|include|show-headers I|head v|verbose trace= trace-ascii= stderr= D|dump-header= w|write-out= K|config= q|disable url= G|get url-query= C|continue-at= r|range= m|max-time= connect-timeout= retry= retry-delay= retry-max-time= limit-rate= Y|speed-limit= y|speed-time= E|cert= cert-type= key= key-type= pass= cacert= capath= ciphers= tls-max= resolve= connect-to= interface= local-port= dns-servers= doh-url= unix-socket= abstract-unix-socket= n|netrc netrc-file= netrc-optional P|ftp-port= Q|quote= l|list-only a|append B|use-ascii p|proxytunnel z|time-cond= g|globoff j|junk-session-cookies N|no-buffer #|progress-bar 0|http1.0 http1.1 http2 http3 1|tlsv1 2|sslv2 3|sslv3 4|ipv4 6|ipv6 compressed path-as-is anyauth basic digest ntlm negotiate oauth2-bearer= aws-sigv4= proto= proto-default= max-redirs= max-filesize= keepalive-time= Z|parallel parallel-max= R|remote-time t|telnet-option= M|manual V|version h|help= next post301 post302 post303 create-file-mode= mail-from= mail-rcpt= haproxy-protocol variable= expand-url=",
  wget: "O|output-document= P|directory-prefix= o|output-file= a|append-output= i|input-file= B|base= q|quiet v|verbose -nv|no-verbose -nc|no-clobber c|continue N|timestamping S|server-response spider T|timeout= t|tries= w|wait= waitretry= Q|quota= limit-rate= e|execute= U|user-agent= header= post-data= post-file= method= body-data= body-file= user= password= http-user= http-password= proxy-user= proxy-password= load-cookies= save-cookies= referer= no-check-certificate certificate= private-key= ca-certificate= r|recursive l|level= k|convert-links K|backup-converted m|mirror p|page-requisites A|accept= R|reject= D|domains= exclude-domains= I|include-directories= X|exclude-directories= -np|no-parent -nd|no-directories x|force-directories -nH|no-host-directories cut-dirs= E|adjust-extension H|span-hosts L|relative F|force-html b|background d|debug h|help V|version use-askpass= warc-file= content-disposition trust-server-names no-proxy no-cookies max-redirect= progress= show-progress 4|inet4-only 6|inet6-only bind-address= j|inet",
  ssh: "4 6 A a B= b= C c= D= E= e= F= f G g I= i= J= K k L= l= M m= N n O= o= P= p= Q= q R= S= s T t V v W= w= X x Y y",
  scp: "3 4 6 A B C c= D= F= i= J= l= O o= P= p q R r S= s T v X=",
  sftp: "4 6 A a B= b= C c= D= F= f i= J= l= N o= P= p q R= r S= s= v X=",
  nc: "4 6 b C c= D d e= F g= G= h I= i= K k l M= m= N n O= o= P= p= q= r S s= T= t U u V= v W= w= X= x= Z= z",
  ping: "c= i= I= s= t= W= w= l= M= m= p= Q= S= T= 4 6 a A b B d D f h L n O q r R U v V",
  ping6: "c= i= I= s= t= W= w= l= M= m= p= Q= S= T= 4 6 a A b B d D f h L n O q r R U v V",
  traceroute: "4 6 d F f= g= I T p= m= N= n w= q= r s= z= e A U D i= t= l=",
  telnet: "4 6 8 E F K L a b= c d e= f l= n= r x",
  dig: "4 6 b= c= f= h i k= m p= q= r t= u v x= y=",
  nmap: "p= e= S= g= T= i= o= iL= -iL= -oN= -oX= -oG= -oA= -p= -sS -sT -sU -sV -sn -sC -Pn -A -O -v -n -F script= top-ports= exclude= min-rate= max-rate=",
  "ssh-copy-id": "f i= n o= p= s",
  // Version control
  git: "C= c= exec-path=? html-path man-path info-path p|paginate P|no-pager no-replace-objects bare git-dir= work-tree= namespace= super-prefix= config-env= literal-pathspecs glob-pathspecs no-optional-locks no-lazy-fetch v|version h|help list-cmds= attr-source=",
  "git push":
    "all|branches prune mirror n|dry-run porcelain d|delete tags follow-tags signed=? no-signed atomic no-atomic o|push-option= receive-pack|exec= force-with-lease=? no-force-with-lease force-if-includes f|force repo= u|set-upstream thin no-thin q|quiet v|verbose progress recurse-submodules= no-verify verify 4|ipv4 6|ipv6",
  "git commit":
    "a|all p|patch C|reuse-message= c|reedit-message= fixup= squash= reset-author short branch porcelain long z|null F|file= author= date= m|message= t|template= s|signoff no-signoff trailer= n|no-verify allow-empty allow-empty-message cleanup= e|edit no-edit amend no-post-rewrite i|include o|only pathspec-from-file= u|untracked-files=? v|verbose q|quiet dry-run status no-status S|gpg-sign=? no-gpg-sign",
  "git checkout":
    "q|quiet progress f|force ours theirs b= B= t|track=? no-track l guess no-guess d|detach orphan= ignore-skip-worktree-bits m|merge conflict= p|patch ignore-other-worktrees overwrite-ignore recurse-submodules=? pathspec-from-file=",
  "git switch":
    "c|create= C|force-create= guess d|detach discard-changes f|force m|merge conflict= q|quiet t|track=? orphan= ignore-other-worktrees recurse-submodules=?",
  "git restore":
    "s|source= p|patch W|worktree S|staged q|quiet progress ours theirs m|merge conflict= ignore-unmerged overlay no-overlay pathspec-from-file=",
  "git reset": "soft mixed hard merge keep q|quiet N|intent-to-add p|patch pathspec-from-file= recurse-submodules=?",
  "git clean": "d f|force i|interactive n|dry-run q|quiet e|exclude= x X",
  "git branch":
    "d|delete D create-reflog f|force m|move M c|copy C color=? i|ignore-case column=? r|remotes a|all l|list show-current v|verbose q|quiet abbrev=? t|track=? no-track u|set-upstream-to= unset-upstream edit-description contains=? no-contains=? merged=? no-merged=? points-at= format= sort= recurse-submodules",
  "git stash": "p|patch k|keep-index q|quiet u|include-untracked a|all S|staged m|message= index",
  "git clone":
    "l|local no-hardlinks s|shared reference= dissociate q|quiet v|verbose progress n|no-checkout bare mirror o|origin= b|branch= u|upload-pack= template= c|config= depth= shallow-since= shallow-exclude= single-branch no-single-branch no-tags recurse-submodules|recursive=? shallow-submodules separate-git-dir= j|jobs= filter= sparse bundle-uri= server-option=",
  "git rebase":
    "onto= i|interactive x|exec= continue abort skip quit edit-todo m|merge s|strategy= X|strategy-option= S|gpg-sign=? q|quiet v|verbose stat n|no-stat no-verify C= f|force-rebase|no-ff fork-point keep-base root autosquash autostash r|rebase-merges=? update-refs empty= apply ignore-whitespace signoff committer-date-is-author-date",
  "git rm": "f|force n|dry-run r cached ignore-unmatch sparse q|quiet pathspec-from-file=",
  "git fetch":
    "all a|append atomic depth= deepen= f|force k|keep multiple no-tags p|prune P|prune-tags n refmap= t|tags j|jobs= u|update-head-ok upload-pack= q|quiet v|verbose dry-run o|server-option= unshallow set-upstream recurse-submodules=?",
  "git pull":
    "r|rebase=? no-rebase ff ff-only no-ff commit no-commit edit e stat n squash s|strategy= X|strategy-option= S|gpg-sign=? autostash all f|force k|keep p|prune t|tags upload-pack= q|quiet v|verbose depth= no-verify allow-unrelated-histories",
  "git log":
    "n|max-count= p|patch u S= G= L= since= until= after= before= author= committer= grep= format= pretty=? O= output= stat=? name-only name-status oneline graph all decorate=? skip= first-parent merges no-merges reverse follow",
  "git diff":
    "O= S= G= U|unified= l= output= stat=? name-only name-status cached staged p|patch u w b M=? C=? B=? R ext-diff no-ext-diff textconv exit-code quiet",
  "git grep": "O|open-files-in-pager=? e= f= A= B= C= m= n i l c v w E F G P max-depth= threads=",
  "git tag":
    "a|annotate s|sign u|local-user= f|force d|delete v|verify n=? l|list sort= m|message= F|file= cleanup= contains= merged= points-at= format= e|edit",
  "git config":
    "global system local worktree f|file= blob= get get-all get-regexp get-urlmatch replace-all add unset unset-all rename-section remove-section l|list e|edit t|type= z|null name-only includes show-origin show-scope default= comment= value= all bool int path",
  // Containers and clouds
  docker: "config= c|context= D|debug H|host= l|log-level= tls tlscacert= tlscert= tlskey= tlsverify v|version",
  "docker run":
    "add-host= annotation= a|attach= blkio-weight= cap-add= cap-drop= cgroup-parent= cgroupns= cidfile= cpus= cpu-shares= c= cpuset-cpus= cpuset-mems= d|detach detach-keys= device= disable-content-trust dns= dns-search= dns-option= domainname= entrypoint= e|env= env-file= expose= gpus= group-add= health-cmd= health-interval= h|hostname= init i|interactive ip= ipc= isolation= l|label= label-file= link= log-driver= log-opt= mac-address= m|memory= memory-swap= mount= name= network|net= network-alias= no-healthcheck oom-kill-disable pid= pids-limit= platform= privileged p|publish= P|publish-all pull= q|quiet read-only restart= rm runtime= security-opt= shm-size= sig-proxy stop-signal= stop-timeout= storage-opt= sysctl= tmpfs= t|tty ulimit= u|user= userns= uts= v|volume= volume-driver= volumes-from= w|workdir=",
  "docker exec": "d|detach detach-keys= e|env= env-file= i|interactive privileged t|tty u|user= w|workdir=",
  kubectl:
    "n|namespace= context= cluster= user= kubeconfig= s|server= token= as= as-group= as-uid= certificate-authority= client-certificate= client-key= insecure-skip-tls-verify request-timeout= tls-server-name= v= cache-dir= profile= username= password= f|filename= k|kustomize= o|output= l|selector= field-selector= A|all-namespaces all force grace-period= now wait timeout= cascade=? dry-run=? R|recursive i|stdin t|tty c|container= p|patch= type= w|watch replicas= image= q|quiet show-labels sort-by= template= overwrite from-literal= from-file= prune ignore-not-found raw= e|edit",
  "kubectl run":
    "image= command restart= env= labels= l= rm i|stdin t|tty overrides= dry-run=? o|output= n|namespace= port= attach q|quiet context= image-pull-policy= privileged expose",
  aws: "debug endpoint-url= no-verify-ssl no-paginate output= query= profile= region= color= no-sign-request ca-bundle= cli-read-timeout= cli-connect-timeout= recursive force dryrun delete exclude= include= acl= storage-class= quiet only-show-errors sse=? bucket= key= body=",
  gcloud:
    "account= billing-project= configuration= flags-file= flatten= format= help project= q|quiet verbosity= access-token-file= impersonate-service-account= zone= region= command= async filter= limit= sort-by= force",
  terraform:
    "-chdir= -auto-approve -destroy -target= -var= -var-file= -out= -state= -lock= -input= -refresh= -refresh-only -replace= -parallelism= -no-color -json -compact-warnings -detailed-exitcode -force -migrate-state -reconfigure -upgrade -backend= -backend-config= -recursive -check -diff -write=",
  // System
  kill: "s|signal= l|list=? L|table n= q|queue= p|pid a|all",
  pkill:
    "signal= e|echo f|full g|pgroup= G|group= i|ignore-case n|newest o|oldest O|older= P|parent= s|session= t|terminal= u|euid= U|uid= x|exact F|pidfile= L|logpidfile r|runstates= c|count",
  killall:
    "e|exact I|ignore-case g|process-group i|interactive l|list q|quiet r|regexp s|signal= u|user= v|verbose w|wait n|ns= Z|context= o|older-than= y|younger-than=",
  systemctl:
    "t|type= state= p|property= P= a|all failed r|recursive reverse after before l|full value show-types job-mode= i|ignore-inhibitors dry-run q|quiet v|verbose no-block wait user system no-wall global no-reload no-ask-password s|signal= kill-who|kill-whom= what= f|force now H|host= M|machine= root= runtime preset-mode= n|lines= o|output= firmware-setup plain timestamp= mkdir marked",
  crontab: "u= l r e i s T= n c V",
};
