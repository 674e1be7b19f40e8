// Run before `npm start` and `npm test`, and with `--dependencies` before what builds. This file keeps to old syntax, so
// that an old Node reaches the message below.
var wanted = [20, 19];
var version = process.versions.node.split(".").map(Number);

if (version[0] < wanted[0] || (version[0] === wanted[0] && version[1] < wanted[1])) {
  console.error(
    "Verdict needs Node.js " +
      wanted.join(".") +
      " or newer (24 is recommended); this is " +
      process.version +
      ".\n" +
      "Get one from https://nodejs.org/ or with your version manager, for example `nvm install 24`.",
  );
  process.exit(1);
}

import("./checkout.mjs")
  .then((checkout) =>
    process.argv.includes("--dependencies") ? checkout.prepareDependencies() : checkout.prepareCheckout(),
  )
  .catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
