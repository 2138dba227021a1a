// Rows of an output, for rules that ask about them: the same templates and the same engine as `netsweep parse`.
import { parse } from '../parse/parsing.js';
import type { RowsOf } from './judge.js';

/** Where templates are, and by which names their index may know each platform. */
export interface Templates {
  directory: string;
  names: Readonly<Record<string, readonly string[]>>;
}

/** Null: nobody said where templates are. */
export function rowsBy(templates: Templates | null): RowsOf {
  if (templates === null)
    return () => ({
      wrong: 'there are no templates (expected --templates DIR or NET_TEXTFSM, as of ntc-templates)',
    });
  const { directory, names } = templates;
  return (platform, command, text) => {
    const question = { platforms: [...(names[platform] ?? [platform])], command, hostname: null };
    const parsed = parse({ templates: { directory, question }, text });
    return parsed.ok ? { rows: JSON.parse(parsed.rows) as unknown[] } : { wrong: parsed.message };
  };
}
