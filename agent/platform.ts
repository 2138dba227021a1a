// A platform's data made ready for a session: patterns compiled once per process. It stands between the
// YAML files and the reader and the session; nothing here knows a device.
import { findPlatform, loadPlatforms, type Platform } from '../proto/platform.js';

export interface Rules {
  platform: Platform;
  /** Matches the last line when the device waits for a command. */
  prompt: RegExp;
  /** Matches a line that ends in the pager's text. */
  pager: { text: RegExp; key: string; end: { text: RegExp; key: string } | null } | null;
  enable: { command: string; password: RegExp; unprivileged: RegExp } | null;
  errors: RegExp[];
  endMarks: { command: RegExp; last: RegExp }[];
}

export function compileRules(platform: Platform): Rules {
  const { pager, enable } = platform;
  return {
    platform,
    prompt: new RegExp(platform.prompt),
    pager: pager ? { ...waiting(pager), end: pager.end ? waiting(pager.end) : null } : null,
    enable: enable
      ? {
          command: enable.command,
          password: new RegExp(enable.password),
          unprivileged: new RegExp(enable.unprivileged),
        }
      : null,
    errors: platform.errors.map((error) => new RegExp(error)),
    endMarks: platform.end_marks.map((mark) => ({
      command: new RegExp(mark.command, 'i'),
      last: new RegExp(mark.last),
    })),
  };
}

const compiled = new Map<string, Rules>();
let shipped: ReadonlyMap<string, Platform> | null = null;

/** The rules of a platform that ships with netsweep; undefined for a name that this agent does not know. */
export function rulesOf(name: string): Rules | undefined {
  const known = compiled.get(name);
  if (known) return known;
  shipped ??= loadPlatforms();
  const platform = findPlatform(shipped, name);
  if (!platform) return undefined;
  const rules = compileRules(platform);
  compiled.set(name, rules);
  return rules;
}

/** A pager waits with the cursor after its text. */
function waiting({ text, key }: { text: string; key: string }): { text: RegExp; key: string } {
  return { text: new RegExp(`(?:${text})\\s*$`), key };
}
