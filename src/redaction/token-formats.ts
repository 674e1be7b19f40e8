import { BASE64, BASE64URL, DIGIT, DOT, HEX, TOKEN68, UPPER, WORD } from "./characters.ts";

/** A credential that its issuer marks: a prefix, then characters of one set. */
export interface TokenFormat {
  readonly kind: string;
  /** Case counts. */
  readonly prefix: string;
  readonly sets: number;
  readonly min: number;
  /** Longer runs are something else, such as base64 data. */
  readonly max?: number;
  /** Whether it also stands for something else inside of a name or a path: `cache-key-<md5>`. */
  readonly isApart?: boolean;
}

const UPPER_HEX_FREE = UPPER | DIGIT;
const DOTTED = BASE64URL | DOT;

/** `prefixes` are separated by spaces. The issuers publish them, most so that scanners can find leaked ones. */
const format = (kind: string, prefixes: string, sets: number, min: number, max?: number): TokenFormat[] =>
  prefixes.split(" ").map((prefix) => ({ kind, prefix, sets, min, ...(max === undefined ? {} : { max }) }));

export const TOKEN_FORMATS: readonly TokenFormat[] = [
  ...format("verdict-api-key", "vdt_", BASE64URL, 20),
  ...format("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", WORD, 30),
  ...format("github-token", "github_pat_", BASE64URL, 40),
  ...format(
    "gitlab-token",
    "glpat- gldt- glrt- glptt- glft- glsoat- glffct- glimt- glagent- gloas- glcbt-",
    DOTTED,
    20,
  ),
  ...format("bitbucket-token", "ATBB", WORD, 28),
  ...format("aws-access-key", "AKIA ASIA ABIA ACCA", UPPER_HEX_FREE, 16, 16),
  ...format("aws-bedrock-key", "ABSK", BASE64, 100),
  ...format("google-api-key", "AIza", BASE64URL, 35),
  ...format("google-oauth-token", "ya29.", DOTTED, 20),
  ...format("google-oauth-secret", "GOCSPX-", BASE64URL, 24),
  ...format("alibaba-access-key", "LTAI", WORD, 12, 24),
  ...format("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", HEX, 64),
  ...format("flyio-token", "fo1_ fm1a_ fm1r_ fm2_", BASE64, 40),
  ...format("heroku-key", "HRKU-", BASE64URL, 36),
  ...format("planetscale-token", "pscale_tkn_ pscale_pw_ pscale_oauth_", DOTTED, 32),
  ...format("scaleway-token", "tk-us-", BASE64URL, 40),
  ...format("slack-token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxc- xoxd- xoxe- xoxo- xapp-", BASE64, 20),
  ...format("slack-token", "xoxe.xoxb- xoxe.xoxp-", BASE64, 20),
  ...format(
    "slack-webhook",
    "hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/",
    BASE64,
    30,
  ),
  ...format("discord-webhook", "discord.com/api/webhooks/ discordapp.com/api/webhooks/", BASE64, 40),
  ...format("stripe-key", "sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_", WORD, 16),
  ...format("webhook-secret", "whsec_", BASE64, 20),
  ...format("square-token", "sq0atp- sq0csp-", BASE64URL, 22),
  ...format("square-token", "EAAA", BASE64URL, 56, 64),
  ...format("shopify-token", "shpat_ shpca_ shppa_ shpss_", WORD, 32),
  ...format("easypost-key", "EZAK EZTK", WORD, 54, 54),
  ...format("flutterwave-key", "FLWSECK-", BASE64URL, 20),
  ...format("duffel-token", "duffel_test_ duffel_live_", BASE64URL, 40),
  ...format("shippo-token", "shippo_live_ shippo_test_", HEX, 40),
  ...format("anthropic-key", "sk-ant-", BASE64URL, 20),
  ...format("openai-key", "sk-proj- sk-svcacct- sk-admin- sk-None-", BASE64URL, 20),
  ...format("openai-key", "sk-", WORD, 30),
  ...format("openrouter-key", "sk-or-v1-", HEX, 40),
  ...format("huggingface-token", "hf_ api_org_", WORD, 30),
  ...format("replicate-token", "r8_", WORD, 30),
  ...format("groq-key", "gsk_", WORD, 40),
  ...format("perplexity-key", "pplx-", WORD, 40),
  ...format("xai-key", "xai-", WORD, 60),
  ...format("databricks-token", "dapi", HEX, 32, 34),
  ...format("npm-token", "npm_", WORD, 36),
  ...format("pypi-token", "pypi-", BASE64URL, 50),
  ...format("rubygems-token", "rubygems_", HEX, 48),
  ...format("nuget-key", "oy2", WORD, 43, 43),
  ...format("clojars-token", "CLOJARS_", WORD, 60),
  ...format("docker-token", "dckr_pat_ dckr_oat_", BASE64URL, 20),
  ...format("artifactory-token", "AKCp", WORD, 60),
  ...format("terraform-token", "atlasv1.", BASE64URL, 40),
  ...format("vault-token", "hvs. hvb. hvr.", BASE64URL, 20),
  ...format("doppler-token", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", DOTTED, 36),
  ...format("onepassword-token", "ops_eyJ", BASE64, 100),
  ...format("age-secret-key", "AGE-SECRET-KEY-1", UPPER_HEX_FREE, 50),
  ...format("pulumi-token", "pul-", HEX, 40),
  ...format("tailscale-key", "tskey-", BASE64URL, 20),
  ...format("openshift-token", "sha256~", BASE64URL, 40),
  ...format("sendgrid-key", "SG.", DOTTED, 50),
  { kind: "mailgun-key", prefix: "key-", sets: HEX, min: 32, max: 32, isApart: true },
  ...format("brevo-key", "xkeysib- xsmtpsib-", BASE64URL, 64),
  ...format("resend-key", "re_", BASE64URL, 30, 36),
  ...format("grafana-token", "glc_ glsa_", BASE64, 32),
  ...format("newrelic-key", "NRAK- NRII- NRJS-", BASE64URL, 19),
  ...format("sentry-token", "sntrys_ sntryu_", BASE64, 40),
  ...format("dynatrace-token", "dt0c01. dt0s01.", DOTTED, 60),
  ...format("atlassian-token", "ATATT3 ATCTT3", BASE64, 60),
  ...format("linear-key", "lin_api_ lin_oauth_", WORD, 40),
  ...format("notion-token", "ntn_ secret_", WORD, 40),
  ...format("figma-token", "figd_", BASE64URL, 36),
  ...format("postman-key", "PMAK-", BASE64URL, 50),
  ...format("hubspot-token", "pat-na1- pat-na2- pat-eu1- pat-ap1-", BASE64URL, 36),
  ...format("typeform-token", "tfp_", DOTTED, 40),
  ...format("readme-key", "rdme_", WORD, 50),
  ...format("contentful-token", "CFPAT-", BASE64URL, 40),
  ...format("supabase-key", "sbp_ sb_secret_", BASE64URL, 20),
  ...format("sourcegraph-token", "sgp_", BASE64URL, 40),
  ...format("prefect-key", "pnu_", WORD, 36),
  ...format("infracost-key", "ico-", WORD, 32, 32),
  ...format("frameio-token", "fio-u-", BASE64URL, 60),
  ...format("yandex-key", "AQVN", BASE64URL, 35, 38),
  ...format("password-hash", "$2a$ $2b$ $2y$", TOKEN68, 3),
  ...format("password-hash", "$argon2id$ $argon2i$ $scrypt$", TOKEN68, 1),
];
