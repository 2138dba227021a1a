// Platforms as NetBox and Nautobot name them: slugs that people make up. Known is what is a name of a platform of ours
// once vendor, version and punctuation are put aside.
import type { Platforms } from '../../proto/platform.js';

const VENDORS =
  /^(cisco|juniper|arista|aruba|hpe?|nokia|fortinet|palo-?alto|mikrotik|huawei|dell|extreme|h3c)-/;
const LINUX =
  /^(linux|ubuntu|debian|rhel|red-?hat|centos|rocky|alma|fedora|suse|sles|opensuse|oracle-linux)\b/;
const VERSION = /-[a-z]?\d[^-]*$/;
/** Slugs that lose too much. */
const SLUGS: Record<string, string> = {
  'cisco-xr': 'cisco_xr',
  'aos-cx': 'aruba_aoscx',
  'arubaos-cx': 'aruba_aoscx',
  'arubaos-switch': 'hp_procurve',
  ftd: 'cisco_ftd',
  'pan-os': 'paloalto_panos',
  'sr-os': 'nokia_sros',
  'sr-linux': 'nokia_srl',
  viptela: 'cisco_viptela',
};

export class PlatformSlugs {
  /** Null: two platforms have it. */
  private readonly bare = new Map<string, string | null>();
  private readonly known = new Map<string, string | null>();

  constructor(private readonly platforms: Platforms) {
    for (const [alias, name] of platforms.aliases) {
      const key = bareOf(alias);
      const other = this.bare.get(key);
      this.bare.set(key, other === undefined || other === name ? name : null);
    }
  }

  /** The platform that the first of these words names that names any. */
  find(words: readonly string[]): string | null {
    for (const word of words) {
      const known = this.known.get(word);
      const found = known === undefined ? this.search(slugOf(word)) : known;
      this.known.set(word, found);
      if (found !== null) return found;
    }
    return null;
  }

  private search(slug: string): string | null {
    for (let rest = slug; rest !== ''; rest = withoutVersion(rest)) {
      const found = this.exact(rest) ?? this.exact(rest.replace(VENDORS, ''));
      if (found !== null) return found;
    }
    return LINUX.test(slug) ? (this.platforms.canonical('linux') ?? null) : null;
  }

  private exact(slug: string): string | null {
    const own = Object.hasOwn(SLUGS, slug) ? SLUGS[slug] : undefined;
    return this.platforms.canonical(own ?? slug) ?? this.bare.get(bareOf(slug)) ?? null;
  }
}

/** As these tools make slugs of names. */
export function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
}

/** `ios-xe-17-9-4a` is `ios-xe`, one number after the other; nothing where there is none left. */
function withoutVersion(slug: string): string {
  return VERSION.test(slug) ? slug.replace(VERSION, '') : '';
}

function bareOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
