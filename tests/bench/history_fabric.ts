/**
 * A real fabric of 16 switches with four years of changes, as one site or many. A further site has the same
 * changes some hours later, with different names and addresses in one line of seven.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { History, HistoryDevice, HistoryVersion } from "./history_data.ts";

/** Texts that occur in one version of the first site only. */
export const RARE = {
  /** Its trigrams are rare as well. */
  word: "CHG0048151",
  /** All its components occur everywhere, like those of an address. */
  address: "10.255.200.120",
} as const;

const MARKED = "DC1-LEAF2A";
const HOUR = 60 * 60 * 1000;

interface Switch {
  readonly hostname: string;
  readonly ip_address: string;
  readonly device_type: string;
}

/**
 * Reads the fabric as a number of sites.
 * @param folder Folder `fabric` of the shared data.
 */
export async function readFabric(folder: string, sites: number): Promise<History> {
  const switches: Switch[] = JSON.parse(await readFile(join(folder, "inventory.json"), "utf8"));
  const devices: HistoryDevice[] = [];
  const versions: HistoryVersion[] = [];
  for (const { hostname, ip_address, device_type } of switches) {
    const files = (await readdir(join(folder, "configs", hostname))).sort();
    const texts = await Promise.all(
      files.map((file) => readFile(join(folder, "configs", hostname, file), "utf8")),
    );
    for (let site = 0; site < sites; site++) {
      const device = devices.push({
        hostname: atSite(hostname, site),
        ipAddress: atSite(ip_address, site),
        deviceType: device_type,
      }) - 1;
      for (const [i, file] of files.entries()) {
        const marked = site === 0 && hostname === MARKED && i === Math.floor(files.length / 2);
        const text = marked ? mark(texts[i]!) : texts[i]!;
        const at = new Date(+timeOf(file) + site * HOUR);
        versions.push({ device, at, text: () => atSite(text, site) });
      }
    }
  }
  versions.sort((a, b) => +a.at - +b.at);
  return { devices, versions };
}

/** `20201127T080502Z.cfg` */
function timeOf(file: string): Date {
  const time = file.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.cfg$/, "$1-$2-$3T$4:$5:$6Z");
  return new Date(time);
}

/** Adapts the text to another site. The first site is the fabric itself. */
function atSite(text: string, site: number): string {
  if (site === 0) return text;
  const shifted = (octet: string, by: number) => (Number(octet) + by) % 256;
  return text
    .replaceAll("DC1", `DC${site + 1}`)
    .replace(
      /\b(10|192\.168|172\.31)\.(\d+)(?=\.\d)/g,
      (_, net: string, octet: string) => `${net}.${shifted(octet, net === "10" ? 3 * site : site)}`,
    );
}

/** Adds the rare texts. */
function mark(text: string): string {
  return text.replace(
    /^hostname .*\n/m,
    `$&ntp server vrf MGMT ${RARE.address}\nsnmp-server chassis-id ${RARE.word}\n`,
  );
}
