// A directory of templates as people have it: an index, and the files that it names. What was read is kept. Everything
// that can be wrong with it is told in words for people, with the file it is in.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean, nearest } from '../inventory/wording.js';
import { type Flaw, FlawError, TemplateError } from './flaw.js';
import { readTemplate, type Template } from './template.js';
import { type Question, TemplateIndex } from './templateindex.js';

/** No template, or one that can't be used; the message is for people. */
export class NoTemplate extends Error {
  constructor(
    message: string,
    /** There is a template, but it is broken. */
    readonly broken: boolean,
  ) {
    super(message);
    this.name = 'NoTemplate';
  }
}

const MOST_TEMPLATE_BYTES = 1_000_000;
const MOST_INDEX_BYTES = 8_000_000;
const MOST_KEPT = 1_000;

export interface NamedTemplate {
  file: string;
  template: Template;
}

export class Library {
  #index: TemplateIndex | null = null;
  #asksForHosts: boolean | null = null;
  readonly #templates = new Map<string, Template>();
  /** What was found for a question, by its words. */
  readonly #found = new Map<string, string[]>();

  constructor(private readonly directory: string) {}

  /** Throws NoTemplate. */
  templatesFor(question: Question): NamedTemplate[] {
    return this.#namesFor(question).map((name) => this.template(join(this.directory, name)));
  }

  /** The template in a file. Throws NoTemplate. */
  template(file: string): NamedTemplate {
    const known = this.#templates.get(file);
    if (known !== undefined) return { file, template: known };
    const template = explained(file, () => readTemplate(textOf(file, MOST_TEMPLATE_BYTES)));
    keep(this.#templates, file, template);
    return { file, template };
  }

  #namesFor(question: Question): string[] {
    const file = join(this.directory, 'index');
    const index = explained(file, () => {
      this.#index ??= new TemplateIndex(textOf(file, MOST_INDEX_BYTES));
      return this.#index;
    });
    this.#asksForHosts ??= index.asksForHosts;
    const words = JSON.stringify([
      question.platforms,
      question.command,
      this.#asksForHosts && question.hostname,
    ]);
    const known = this.#found.get(words);
    if (known !== undefined) return known;
    const names = explained(file, () => index.find(question));
    if (names === null) throw new NoTemplate(whyNone(index, question, file), false);
    keep(this.#found, words, names);
    return names;
  }
}

function keep<T>(kept: Map<string, T>, key: string, value: T): void {
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, value);
}

function textOf(file: string, mostBytes: number): string {
  try {
    const found = statSync(file);
    // A pipe would be waited for, and a thread that waits there can't be ended.
    if (!found.isFile()) throw new NoTemplate(`${file} is no file`, true);
    if (found.size > mostBytes)
      throw new NoTemplate(`${file} is too large (at most ${mostBytes} bytes)`, true);
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    if (error instanceof NoTemplate) throw error;
    const why = error instanceof Error ? error.message.replace(/^\w+: (.*?),.*$/s, '$1') : String(error);
    throw new NoTemplate(`${file} can't be read: ${why}`, true);
  }
}

/** What is wrong with the file, each in a line of its own. */
function explained<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TemplateError) throw new NoTemplate(located(file, error.flaws), true);
    if (error instanceof FlawError) throw new NoTemplate(located(file, [error.flaw]), true);
    throw error;
  }
}

function located(file: string, flaws: readonly Flaw[]): string {
  const inOrder = [...flaws].sort((a, b) => a.line - b.line || a.column - b.column);
  return inOrder.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n');
}

function whyNone(index: TemplateIndex, { platforms, command }: Question, file: string): string {
  const [platform = ''] = platforms;
  const commands = index.commandsOf(platforms);
  const passed =
    index.passedOver.length === 0
      ? ''
      : `; lines passed over there: ${located(file, index.passedOver.slice(0, 3))}`;
  if (commands.length > 0) {
    const near = nearestCommand(command, commands);
    return `no template for ${JSON.stringify(command)} on ${platform} in ${file}${near}${passed}`;
  }
  const near = didYouMean(nearest(platform, index.platforms()));
  return `no template for platform ${platform} in ${file}${near}${passed}`;
}

/** One that is spelt alike, else those that begin alike. */
function nearestCommand(command: string, commands: readonly string[]): string {
  const near = nearest(command, commands);
  if (near !== null) return didYouMean(JSON.stringify(near));
  const begin = command.split(' ').slice(0, 2).join(' ');
  const alike = [...new Set(commands.filter((one) => one.startsWith(begin)))].slice(0, 3);
  return alike.length === 0 ? '' : `; there is one for ${alike.map((one) => JSON.stringify(one)).join(', ')}`;
}
