import { expect, it } from "vitest";
import { githubCommand } from "./github-command.ts";

it("names with line breaks, colons or commas begin no command and no property of their own", () => {
  const place = { file: "a,line=9:b%\r\n::error::c.yaml", line: 1, column: 2 };
  expect(githubCommand("warning", place, "t,file=x\n", "m: 1, 2%\n::error::n\r")).toBe(
    "::warning file=a%2Cline=9%3Ab%25%0D%0A%3A%3Aerror%3A%3Ac.yaml,line=1,col=2,title=t%2Cfile=x%0A::m: 1, 2%25%0A::error::n%0D\n",
  );
});
