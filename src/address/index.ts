export { isDomainListLoaded, loadDomainList } from "./domain-list.ts";
export { type Address, type Cidr, readAddress, readCidr } from "./ip-address.ts";
export { type AddressKinds, type IpParts, parseIp } from "./parse-ip.ts";
export { parseUrl, type UrlParts } from "./parse-url.ts";
