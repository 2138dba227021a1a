// HTML that can't be broken by what it shows: every value in a template is escaped, but for what a template made itself.

/** Made by `html`, and by nothing else. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Value = Markup | string | number | readonly Value[];

export function html(strings: TemplateStringsArray, ...values: Value[]): Markup {
  return new Markup(strings.reduce((text, part, place) => text + written(values[place - 1] ?? '') + part));
}

function written(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? escaped(value) : value.map(written).join('');
}

/** Control characters, and those that turn the direction of writing around, are shown as such. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(UNSEEN, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
