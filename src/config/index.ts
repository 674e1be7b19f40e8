export {
  type Config,
  type ConfigPlace,
  type ConfigProblem,
  type ConfigResult,
  describeConfig,
  parseConfig,
} from "./parse-config.ts";
export type { ListenAddress } from "./parsers.ts";
export { aboutVariable, CLIENT_VARIABLES, type LogLevel, SERVICE_VARIABLE_NAMES } from "./variables.ts";
