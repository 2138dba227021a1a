// A directory's index: which template is for which platform and command. Columns by name, separated by commas; rows are
// tried from the top, and a pattern has to match from the beginning of what it is compared with.
import { type Flaw, FlawError, quoted, TemplateError } from './flaw.js';
import { Pattern } from './pattern.js';
import { PatternError } from './patterntree.js';

export interface Question {
  /** Names of one platform, the best first. */
  platforms: readonly string[];
  command: string;
  /** Null: not known, and not asked for. */
  hostname: string | null;
}

interface Row {
  line: number;
  templates: string[];
  platform: Field | null;
  command: Field | null;
  hostname: Field | null;
}

interface Field {
  text: string;
  column: number;
  /** Made when it is first needed. */
  pattern: Pattern | null;
}

const TEMPLATE = 'Template';
const SEPARATOR = ',';
const ANY = '.*';

export class TemplateIndex {
  /** Lines that are no row, and are passed over. */
  readonly passedOver: Flaw[] = [];
  readonly #rows: Row[] = [];

  /** Whether it makes a difference which device it is. */
  get asksForHosts(): boolean {
    return this.#rows.some(({ hostname }) => hostname !== null && hostname.text !== ANY);
  }

  /** Throws TemplateError where it has no columns that are known. */
  constructor(text: string) {
    const lines = text.split(/\r\n|[\r\n]/);
    const head = lines.findIndex((line) => line.split('#')[0]?.trim());
    const columns = (lines[head]?.split('#')[0] ?? '').split(SEPARATOR).map((name) => name.trim());
    if (!columns.includes(TEMPLATE))
      throw new TemplateError([
        {
          line: Math.max(1, head + 1),
          column: 1,
          message: 'no column Template (expected Template, Hostname, Platform, Command)',
        },
      ]);
    for (let at = head + 1; at < lines.length; at++) this.#add(lines[at] ?? '', at + 1, columns);
  }

  /** Templates for it, whose rows belong together; null: none. Throws FlawError where a row can't be read. */
  find({ platforms, command, hostname }: Question): string[] | null {
    for (const platform of platforms)
      for (const row of this.#rows)
        if (
          matches(row.platform, platform, row.line) &&
          (hostname === null || matches(row.hostname, hostname, row.line)) &&
          matches(row.command, command, row.line)
        )
          return row.templates;
    return null;
  }

  /** Commands that there are templates for, as people would type them. */
  commandsOf(platforms: readonly string[]): string[] {
    const rows = this.#rows.filter(({ platform, line }) =>
      platforms.some((one) => matches(platform, one, line)),
    );
    return rows.flatMap(({ command }) => (command === null ? [] : plainCommand(command.text)));
  }

  platforms(): string[] {
    return [...new Set(this.#rows.flatMap(({ platform }) => platform?.text ?? []))];
  }

  #add(line: string, number: number, columns: readonly string[]): void {
    if (line.startsWith('#') || line.trim() === '') return;
    const fields = fieldsOf(line);
    if (fields.length !== columns.length) {
      const found = `found ${fields.length} fields, expected ${columns.length}`;
      this.passedOver.push({ line: number, column: 1, message: `${found}: ${columns.join(', ')}` });
      return;
    }
    const field = (name: string): Field | null => {
      const at = columns.indexOf(name);
      return at < 0 || !fields[at]?.text ? null : fields[at];
    };
    const command = field('Command');
    this.#rows.push({
      line: number,
      templates: (field(TEMPLATE)?.text ?? '').split(':'),
      // Older indexes call it by the vendor.
      platform: columns.includes('Platform') ? field('Platform') : field('Vendor'),
      command: command && { ...command, text: completed(command.text) },
      hostname: field('Hostname'),
    });
  }
}

function fieldsOf(line: string): Field[] {
  let column = 1;
  return line.split(SEPARATOR).map((part) => {
    const field = {
      text: part.trim(),
      column: column + part.length - part.trimStart().length,
      pattern: null,
    };
    column += part.length + 1;
    return field;
  });
}

function matches(field: Field | null, text: string, line: number): boolean {
  if (field === null) return true;
  try {
    field.pattern ??= new Pattern(field.text);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new FlawError({
      line,
      column: field.column,
      message: `${error.message} (found ${quoted(field.text)})`,
    });
  }
  return field.pattern.match(text) !== null;
}

/** `sh[[ow]]` is `sh(o(w)?)?`: as many letters as somebody types. */
function completed(text: string): string {
  return text.replace(
    /\[\[(.+?)\]\]/g,
    (_, rest: string) => `(${[...rest].join('(')}${')?'.repeat([...rest].length)}`,
  );
}

const COMPLETION = /^(?:[\w.\- ]|\((?:[\w-](?:\([\w-])*)\)\?(?:\)\?)*)*\$?$/;

/** What a pattern of commands says, where it is words and no more. */
function plainCommand(text: string): string[] {
  return COMPLETION.test(text) ? [text.replace(/[()?$]/g, '')] : [];
}
