// What ssh's configuration says about a host: the first value of each setting wins, files in their order. A lookup
// is made once per name; blocks that name their hosts outright are found by the name and not tried one by one.
import { readHost } from './address.js';
import type { Jump, JumpHop } from './inventory.js';
import { partsOf } from './jump.js';
import { positionOf } from './located.js';
import type { Block, Setting } from './sshfile.js';
import { BlockIndex } from './sshindex.js';
import type { Condition, Word } from './sshmatch.js';
import { type Issues, quote } from './wording.js';

/** What is said about one host; null and empty: nothing. */
export interface SshHost {
  host: string | null;
  port: number | null;
  username: string | null;
  /** As written, `~` and `%` in them. */
  identityFiles: readonly string[];
  certificateFiles: readonly string[];
  jump: Jump | null;
}

const NOTHING: SshHost = {
  host: null,
  port: null,
  username: null,
  identityFiles: [],
  certificateFiles: [],
  jump: null,
};

/** One file, or the caller's with the system's behind it. */
export class SshConfig {
  private readonly index = new BlockIndex();
  private readonly known = new Map<string, SshHost>();
  private readonly jumps = new Map<string, readonly JumpHop[]>();
  /** Mostly there is no configuration, or one of nothing that is used here. */
  private readonly isSilent: boolean;

  constructor(
    private readonly blocks: readonly Block[],
    private readonly issues: Issues,
    private readonly warnings: Issues,
  ) {
    this.isSilent = blocks.every(({ settings }) => settings.length === 0);
    for (const [number, { conditions, settings }] of blocks.entries()) {
      if (settings.length === 0) continue;
      this.index.add(number, conditions.find(({ hints }) => hints !== null)?.hints ?? null);
    }
  }

  /** What is said about a host as it is written, not about what it stands for. */
  of(written: string): SshHost {
    if (this.isSilent) return NOTHING;
    const known = this.known.get(written);
    if (known !== undefined) return known;
    const settings = this.settingsOf(written);
    const found = settings.length === 0 ? NOTHING : this.host(written, settings);
    this.known.set(written, found);
    return found;
  }

  private settingsOf(written: string): Setting[] {
    const settings: Setting[] = [];
    const decided: Decided = { written, settings, answers: null };
    for (const number of this.index.find(written)) {
      const block = this.blocks[number];
      if (block !== undefined && allHold(block.conditions, decided)) settings.push(...block.settings);
    }
    return settings;
  }

  private host(written: string, settings: Setting[]): SshHost {
    const hostname = find(settings, 'hostname');
    const port = find(settings, 'port');
    return {
      host: hostname === undefined ? null : this.address(hostname, written),
      port: port === undefined ? null : Number(port.text),
      username: find(settings, 'user')?.text ?? null,
      identityFiles: all(settings, 'identityfile'),
      certificateFiles: all(settings, 'certificatefile'),
      jump: this.jump(written, settings),
    };
  }

  private address(hostname: Word, written: string): string | null {
    const text = expandHost(hostname.text, written);
    const host = text === null ? null : readHost(text);
    if (host === null)
      this.issues.report(
        hostname,
        `HostName is not an address (found ${quote(hostname.text)}, expected an IPv4 or IPv6 address or a DNS name)`,
      );
    return host;
  }

  /** Whichever of ProxyJump and ProxyCommand comes first counts, as in ssh. */
  private jump(written: string, settings: Setting[]): Jump | null {
    const first = settings.find(({ keyword }) => keyword === 'proxyjump' || keyword === 'proxycommand');
    if (first === undefined) return null;
    const { keyword, value } = first;
    if (keyword === 'proxyjump') return { hops: this.hops(value, written), shared: true };
    if (value.text.toLowerCase() !== 'none')
      this.warnings.report(
        value,
        'ProxyCommand is not run, such devices are connected directly (expected ProxyJump)',
      );
    return null;
  }

  private hops(value: Word, written: string): readonly JumpHop[] {
    const text = value.text.replace(/%([%hn])/g, (_, token) => (token === '%' ? '%' : written));
    const key = `${value.source.file} ${value.offset} ${text}`;
    const known = this.jumps.get(key);
    if (known !== undefined) return known;
    const at = positionOf(value);
    const hops = partsOf(text).flatMap((part) => {
      if (!('wrong' in part)) return [{ ...part.hop, at }];
      this.issues.report(value, `ProxyJump: ${part.wrong}`);
      return [];
    });
    this.jumps.set(key, hops);
    return hops;
  }
}

/** One lookup on its way through the blocks. */
interface Decided {
  written: string;
  settings: readonly Setting[];
  /** Of conditions on the HostName, which are decided once, with what is set before them. */
  answers: Map<Condition, boolean> | null;
}

function allHold(conditions: readonly Condition[], decided: Decided): boolean {
  for (const condition of conditions) if (!holds(condition, decided)) return false;
  return true;
}

function holds(condition: Condition, decided: Decided): boolean {
  const { written, settings } = decided;
  if (!condition.byHostname) return condition.holds(written, written);
  decided.answers ??= new Map();
  const known = decided.answers.get(condition);
  if (known !== undefined) return known;
  const first = find(settings, 'hostname');
  const hostname = first === undefined ? written : (expandHost(first.text, written) ?? written);
  const answer = condition.holds(written, hostname);
  decided.answers.set(condition, answer);
  return answer;
}

function find(settings: readonly Setting[], keyword: Setting['keyword']): Word | undefined {
  return settings.find((setting) => setting.keyword === keyword)?.value;
}

function all(settings: readonly Setting[], keyword: Setting['keyword']): string[] {
  const values = settings.filter((setting) => setting.keyword === keyword).map(({ value }) => value.text);
  return Array.from(new Set(values));
}

/** A HostName with its tokens filled in; null: one that is not known. */
function expandHost(text: string, written: string): string | null {
  let isKnown = true;
  const host = text.replace(/%(.?)/g, (_, token) => {
    isKnown &&= token === 'h' || token === '%';
    return token === 'h' ? written : token;
  });
  return isKnown ? host : null;
}
