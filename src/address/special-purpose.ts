/** IPv4 that is not somebody's host on the public internet (IANA special-purpose registry), and one that is none either. */
export const SPECIAL_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // Azure's platform service answers on it from inside of every virtual machine.
  "168.63.129.16/32",
] as const;

/** Global unicast: all other IPv6 is special. */
export const GLOBAL_IPV6 = ["2000::/3"] as const;

/** Inside of global unicast: protocol assignments with Teredo, documentation, and 6to4, which no receiver is at. */
export const SPECIAL_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"] as const;

/** RFC 6052: an IPv6 network without IPv4 reaches IPv4 through it. */
export const NAT64 = "64:ff9b::/96";

/** RFC 1918, what carriers share (RFC 6598), unique local (RFC 4193) and the site-local that it replaced. */
export const PRIVATE = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "fc00::/7",
  "fec0::/10",
] as const;
export const LOOPBACK = ["127.0.0.0/8", "::1/128"] as const;
export const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10"] as const;
export const MULTICAST = ["224.0.0.0/4", "ff00::/8"] as const;
/** "This network": connecting to it reaches the machine itself on many systems. */
export const UNSPECIFIED = ["0.0.0.0/8", "::/128"] as const;

/** Where clouds hand out credentials to whoever asks from inside of a machine. */
export const METADATA = [
  "169.254.169.254/32", // AWS, Google Cloud, Azure, OpenStack, DigitalOcean and most others
  "169.254.170.2/32", // tasks on AWS ECS
  "169.254.170.23/32", // pods on AWS EKS
  "169.254.0.23/32", // Tencent Cloud
  "169.254.42.42/32", // Scaleway
  "100.100.100.200/32", // Alibaba Cloud
  "168.63.129.16/32", // Azure's platform service
  "192.0.0.192/32", // Oracle Cloud
  "fd00:ec2::254/128", // AWS
  "fd00:ec2::23/128", // pods on AWS EKS
  "fd20:ce::254/128", // Google Cloud
  "fd00:42::42/128", // Scaleway
] as const;

/** Names of the same services. */
export const METADATA_NAMES: ReadonlySet<string> = new Set([
  ...["metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"],
  ...["metadata.tencentyun.com", "metadata.platformequinix.com", "metadata.packet.net", "metadata.azure.internal"],
]);

/** Domains whose names stand for whatever address is written in them, or for this machine. */
export const ANY_ADDRESS_DOMAINS: ReadonlySet<string> = new Set([
  ...["nip.io", "sslip.io", "xip.io", "traefik.me", "localtest.me", "lvh.me", "vcap.me", "lacolhost.com"],
]);
