// Ansible's INI inventories: hosts by group, [GROUP:children] and [GROUP:vars]. Values of hosts are split as a shell
// splits words; both kinds of values are then taken for literals of Python where they are some.
import type { Field, Place, Source } from '../located.js';
import { didYouMean, type Issues, nearest, quote } from '../wording.js';
import type { AnsibleData, Group } from './data.js';
import { UNGROUPED } from './data.js';
import { expandHosts } from './hostpattern.js';
import { pythonValue } from './pythonvalue.js';
import { splitWords, type Word } from './words.js';

const SECTION = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/;
const GROUP_NAME = /^([^:\]\s]+)\s*(?:#.*)?$/;
const KINDS = ['hosts', 'children', 'vars'];

interface World {
  data: AnsibleData;
  issues: Issues;
  warnings: Issues;
}

/** Reads every line; what is wrong with one is reported and the next one read. */
export function readIni(source: Source, world: World): void {
  const reader = new IniReader(source, world);
  let offset = 0;
  for (const line of source.text.split('\n')) {
    const text = line.trim();
    if (text !== '' && text[0] !== '#' && text[0] !== ';')
      reader.line(text, offset + line.length - line.trimStart().length);
    offset += line.length + 1;
  }
  reader.end();
}

class IniReader {
  private group: Group;
  private kind: string | null = 'hosts';
  /** Groups that exist because a section of hosts or children, or another source, says so. */
  private readonly declared: Set<string>;
  /** Sections of variables whose groups may come later. */
  private readonly owed: { name: string; at: Place }[] = [];
  /** Children that are no groups yet; they become children when their section starts, which is their order. */
  private readonly waiting = new Map<string, { parent: Group; at: Place }[]>();

  constructor(
    private readonly source: Source,
    private readonly world: World,
  ) {
    this.declared = new Set(world.data.groups.keys());
    this.group = world.data.group(UNGROUPED, null);
  }

  line(text: string, offset: number): void {
    const [header, name, kind = 'hosts'] = SECTION.exec(text) ?? [];
    if (header !== undefined && name !== undefined) this.section(name, kind, offset);
    else if (text.startsWith('[') && text.endsWith(']')) {
      this.kind = null; // whatever follows was meant for it
      this.wrong(
        offset,
        `a section cannot be read (found ${quote(text)}, expected [GROUP], [GROUP:children] or [GROUP:vars])`,
      );
    } else if (/^\[[^\]=]*$/.test(text) && !text.includes(' ')) {
      this.kind = null; // whatever follows was meant for it
      this.wrong(offset, `a section is never closed (found ${quote(text)}, expected ] at its end)`);
    } else if (this.kind === 'hosts') this.host(text, offset);
    else if (this.kind === 'children') this.child(text, offset);
    else if (this.kind === 'vars') this.variable(text, offset);
  }

  end(): void {
    const { issues } = this.world;
    const meant = (name: string) => didYouMean(nearest(name, this.declared));
    for (const { name, at } of this.owed)
      if (!this.declared.has(name))
        issues.report(
          at,
          `[${name}:vars] is of a group that is not there (expected [${name}] or [${name}:children]${meant(name)})`,
        );
    for (const [name, places] of this.waiting)
      for (const { parent, at } of places)
        issues.report(
          at,
          `[${parent.name}:children] names a group that is not there (found ${quote(name)}${meant(name)})`,
        );
  }

  private section(name: string, kind: string, offset: number): void {
    const at = this.place(offset + 1);
    this.kind = KINDS.includes(kind) ? kind : null;
    if (this.kind === null)
      this.wrong(
        offset + name.length + 2,
        `a section cannot be of this kind (found ${quote(kind)}, expected children, vars or hosts${didYouMean(nearest(kind, KINDS))})`,
      );
    this.group = this.world.data.group(name, at);
    if (kind === 'vars') this.owed.push({ name, at });
    else this.declare(name);
  }

  private declare(name: string): void {
    this.declared.add(name);
    for (const { parent, at } of this.waiting.get(name) ?? [])
      this.world.data.addChild(parent, this.group, at);
    this.waiting.delete(name);
  }

  private host(text: string, offset: number): void {
    const split = splitWords(text);
    if ('unclosed' in split) {
      const meant = split.unclosed === 'quote' ? 'a closing quote; or \\ before it' : 'a character behind it';
      this.wrong(
        offset + split.offset,
        `a ${split.unclosed} is open at the end of this line (expected ${meant})`,
      );
      return;
    }
    const [first, ...rest] = split.words;
    if (first === undefined) return;
    if (split.cut !== null)
      this.world.warnings.report(
        this.place(offset + split.cut),
        'what stands behind this # is a comment, as in Ansible (expected quotes around a value with # in it)',
      );
    const at = this.place(offset + first.offset);
    if (first.text.includes('=')) {
      // What was found may be a secret.
      const where = this.group.name === UNGROUPED ? 'all' : this.group.name;
      this.wrong(
        offset + first.offset,
        `this line starts with a variable (expected a host's name before it, or [${where}:vars] above it)`,
      );
      return;
    }
    if (first.text === '---' || (/^\w+:$/.test(first.text) && rest.length === 0)) {
      this.kind = null; // so is what follows
      this.wrong(offset, `this is YAML (found ${first.text}, expected a name that ends in .yml)`);
      return;
    }
    const hosts = expandHosts(first.text);
    const variables = this.assignments(rest, offset);
    if (typeof hosts === 'string') this.world.issues.report(at, hosts);
    else
      for (const name of hosts.names) {
        const host = this.world.data.addHost(name, this.group, { at, port: hosts.port });
        for (const [variable, field] of variables) host.variables.set(variable, field);
      }
  }

  /** What a blank has torn apart is wrong once, and what follows it is not judged. */
  private assignments(words: readonly Word[], line: number): [string, Field][] {
    const torn = words.findIndex((word, index) => isTorn(word.text, words[index + 1]?.text));
    const first = words[torn];
    if (first !== undefined) {
      const name = first.text.replace(/=.*$/s, '');
      const said = first.text.includes('{{')
        ? `the template of ${name} has blanks and no quotes (expected ${name}="{{ ... }}")`
        : `blanks stand around the = of ${name} (expected ${name}=VALUE)`;
      this.world.issues.report(this.place(line + first.offset), said);
    }
    const whole = torn === -1 ? words : words.slice(0, torn);
    return whole.map((word) => this.assignment(word, line)).filter((one) => one !== null);
  }

  private assignment({ text, offset }: Word, line: number): [string, Field] | null {
    const sign = text.indexOf('=');
    const at = this.place(line + offset);
    if (sign > 0) return [text.slice(0, sign), { at, value: pythonValue(text.slice(sign + 1), at) }];
    // What was found may be a secret.
    this.world.issues.report(at, "a host's variable has no = (expected NAME=VALUE without blanks around =)");
    return null;
  }

  private variable(text: string, offset: number): void {
    const sign = text.indexOf('=');
    if (sign === -1) {
      // What was found may be a secret.
      this.wrong(offset, 'a variable has no = (expected NAME=VALUE)');
      return;
    }
    const value = text.slice(sign + 1).trimStart();
    const field = {
      at: this.place(offset),
      value: pythonValue(value, this.place(offset + text.length - value.length)),
    };
    this.world.data.setGroupVariable(this.group, text.slice(0, sign).trim(), field);
  }

  private child(text: string, offset: number): void {
    const name = GROUP_NAME.exec(text)?.[1];
    const at = this.place(offset);
    if (name?.includes('=') === true) {
      this.wrong(
        offset,
        `a variable stands among children (expected one name on each line, or [${this.group.name}:vars] above it)`,
      );
      return;
    }
    if (name === undefined) {
      this.wrong(
        offset,
        `a child is no name of a group (found ${quote(text)}, expected one name on each line)`,
      );
      return;
    }
    const child = this.world.data.groups.get(name);
    if (child !== undefined) this.world.data.addChild(this.group, child, at);
    else this.waiting.set(name, [...(this.waiting.get(name) ?? []), { parent: this.group, at }]);
  }

  private wrong(offset: number, message: string): void {
    this.world.issues.report(this.place(offset), message);
  }

  private place(offset: number): Place {
    return { source: this.source, offset };
  }
}

/** `NAME = VALUE`, `NAME =VALUE`, `NAME= VALUE` and `NAME={{ VALUE }}`. */
function isTorn(word: string, next: string | undefined): boolean {
  if (next === undefined || !/^\w+(=|$)/.test(word)) return false;
  if (/^\w+$/.test(word)) return next.startsWith('=');
  return (/^\w+=$/.test(word) && !next.includes('=')) || (word.includes('{{') && !word.includes('}}'));
}
