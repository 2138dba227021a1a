// YAML, and JSON as a part of it, to located values. The library's own messages quote the file, which may hold
// passwords, so each of its error codes has a sentence here.
import { getHeapStatistics } from 'node:v8';
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import type { Field, Located, LocatedMap, Place, Source } from './located.js';
import type { ReadScalar } from './plainyaml.js';
import { count, type Issues, quote } from './wording.js';
import { MOST_DEPTH, syntaxSentence, TOO_DEEP } from './yamlwords.js';

/** The library takes about a hundred bytes of memory for each byte; without memory there is no message. */
const MOST_CHARACTERS = Math.floor(getHeapStatistics().heap_size_limit / 120);
/** Values that aliases may repeat in one document; a few lines of nested aliases could ask for billions. */
const MOST_REPEATED = 1_000_000;
/** Tags of Ansible's that mark a text; what they mean is judged where the text is used. */
const TEXT_TAGS = new Set(['!vault', '!vault-encrypted', '!unsafe']);

/** Two braces without quotes are a map whose key is a map. */
const TEMPLATE =
  'this is no text (expected a name before the colon; or quotes around a template, "{{ ... }}")';

/** The document's value, or null after its errors are reported or when there is nothing in it. */
export function readYaml(
  source: Source,
  issues: Issues,
  readScalar: ReadScalar | null = null,
): Located | null {
  if (source.text.length > MOST_CHARACTERS) {
    const expected = `at most ${Math.floor(MOST_CHARACTERS / 1e6)} MB in this memory; CSV may be larger`;
    issues.report({ source, offset: 0 }, `too large for YAML or JSON (expected ${expected})`);
    return null;
  }
  const reader = new YamlReader(source, issues, readScalar);
  const document = reader.parse();
  if (document === null) return null;
  const value = document.contents === null ? null : reader.convert(document.contents, 0);
  return value?.kind === 'null' ? null : value;
}

class YamlReader {
  private document: Document.Parsed | undefined;
  private readonly anchors = new Map<Node, { value: Located; size: number } | 'open'>();
  private repeated = 0;
  private values = 0;
  private tooMuch = false;

  constructor(
    private readonly source: Source,
    private readonly issues: Issues,
    private readonly readScalar: ReadScalar | null,
  ) {}

  parse(): Document.Parsed | null {
    try {
      const document = parseDocument(this.source.text, {
        prettyErrors: false,
        logLevel: 'error',
        uniqueKeys: false,
        merge: false,
      });
      if (document.errors.length > 0) {
        this.reportSyntax(document.errors);
        return null;
      }
      this.document = document;
      return document;
    } catch (error) {
      // The parser recurses, so a file of a hundred thousand brackets ends its stack.
      if (!(error instanceof RangeError)) throw error;
      this.report(0, TOO_DEEP);
      return null;
    }
  }

  convert(node: Node | null, depth: number): Located {
    this.values += 1;
    if (node === null) return { at: null, kind: 'null' };
    const at = this.place(node);
    if (this.tooMuch) return { at, kind: 'null' };
    if (depth > MOST_DEPTH) {
      this.tooMuch = true;
      this.issues.report(at, TOO_DEEP);
      return { at, kind: 'null' };
    }
    if (isAlias(node)) return this.follow(node, at);
    if (node.tag?.startsWith('!') && !TEXT_TAGS.has(node.tag))
      this.issues.report(
        at,
        'a tag of this kind is not known (expected quotes around a text that starts with !)',
      );
    if (!('anchor' in node) || node.anchor === undefined) return this.convertBare(node, at, depth);
    this.anchors.set(node, 'open');
    const before = this.values + this.repeated;
    const value = this.convertBare(node, at, depth);
    this.anchors.set(node, { value, size: this.values + this.repeated - before + 1 });
    return value;
  }

  private convertBare(node: Node, at: Place, depth: number): Located {
    if (isSeq(node))
      return {
        at,
        kind: 'list',
        items: node.items.map((item) => this.convert(item as Node | null, depth + 1)),
      };
    if (isMap(node)) return this.convertMap(node.items as Pair<Node | null, Node | null>[], at, depth);
    if (!isScalar(node)) return { at, kind: 'null' };
    const isPlain = node.type === 'PLAIN' && node.tag === undefined && node.source !== undefined;
    return this.readScalar !== null && isPlain
      ? this.readScalar(node.source ?? '', at)
      : scalar(node.value, node.source, at);
  }

  private convertMap(pairs: Pair<Node | null, Node | null>[], at: Place, depth: number): LocatedMap {
    const fields = new Map<string, Field>();
    const merged: Field[] = [];
    for (const { key, value } of pairs) {
      const place = key === null ? at : this.place(key);
      const name = isScalar(key) ? keyText(key.value, key.source) : null;
      if (name === null) {
        const said = isMap(key) ? TEMPLATE : 'a key is not text (expected a name before the colon)';
        this.issues.report(place, said);
        continue;
      }
      const field = { at: place, value: this.convert(value, depth + 1) };
      field.value.at ??= place;
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') merged.push(field);
      else this.addField(fields, name, field);
    }
    for (const field of merged) this.merge(fields, field);
    return { at, kind: 'map', fields };
  }

  private addField(fields: Map<string, Field>, name: string, field: Field): void {
    const first = fields.get(name);
    if (first === undefined) fields.set(name, field);
    else
      this.issues.report(
        field.at,
        `${quote(name)} is given twice (first at ${this.lineAndColumn(first.at)})`,
      );
  }

  /** YAML 1.1's `<<`: fields that the map itself does not give. */
  private merge(fields: Map<string, Field>, { at, value }: Field): void {
    for (const base of value.kind === 'list' ? value.items : [value]) {
      if (base.kind === 'null') continue;
      if (base.kind !== 'map') {
        this.issues.report(at, '<< does not name a map (expected an alias of a map, or a list of them)');
        continue;
      }
      for (const [name, field] of base.fields) if (!fields.has(name)) fields.set(name, field);
    }
  }

  private follow(alias: Alias, at: Place): Located {
    const target = this.document === undefined ? undefined : alias.resolve(this.document);
    const known = target === undefined ? undefined : this.anchors.get(target);
    if (known === undefined || known === 'open') {
      const reason = known === undefined ? 'names no anchor above it' : 'stands inside its own anchor';
      this.issues.report(at, `an alias ${reason} (expected quotes around a text that starts with *)`);
      return { at, kind: 'null' };
    }
    this.repeated += known.size;
    if (this.repeated > MOST_REPEATED && !this.tooMuch) {
      this.tooMuch = true;
      this.issues.report(
        at,
        `aliases repeat too many values (expected at most ${count(MOST_REPEATED, 'value')})`,
      );
    }
    return known.value;
  }

  private reportSyntax(errors: YAMLError[]): void {
    const lines = new Set<number>();
    for (const error of errors) {
      const offset = error.pos[0];
      const { line } = this.source.positionAt(offset);
      if (lines.has(line)) continue; // what follows on one line is mostly an echo of its first error
      lines.add(line);
      // Where the stack ended is chance.
      const at = error.code === 'RESOURCE_EXHAUSTION' ? 0 : offset;
      this.report(at, syntaxSentence(error, this.source.text));
    }
  }

  private report(offset: number, message: string): void {
    this.issues.report({ source: this.source, offset }, message);
  }

  private place(node: Node): Place {
    return { source: this.source, offset: node.range?.[0] ?? 0 };
  }

  private lineAndColumn(place: Place): string {
    const { line, column } = this.source.positionAt(place?.offset ?? 0);
    return `${line}:${column}`;
  }
}

function scalar(value: unknown, written: string | undefined, at: Place): Located {
  if (typeof value === 'string') return { at, kind: 'text', text: value };
  if (typeof value === 'number') return { at, kind: 'number', number: value, text: written ?? String(value) };
  if (typeof value === 'boolean') return { at, kind: 'boolean', boolean: value };
  return { at, kind: 'null' };
}

function keyText(value: unknown, written: string | undefined): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? (written ?? String(value)) : null;
}
