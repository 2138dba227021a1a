// The four shapes of a setting: one value, a list, a switch, a switch that counts.
import { type Setting, ValueError } from '../config.js';
import { readChoice, readSwitch } from './values.js';

type Look = Pick<Setting<unknown>, 'flags' | 'about'> & { once?: boolean; shown?: string };

/** A setting with one value. */
export function one<T, F>(look: Look, read: (text: string) => T, fallback: F): Setting<T | F> {
  return {
    flags: look.flags,
    about: look.about,
    shape: 'one',
    once: look.once ?? false,
    read: (texts) => {
      if (texts.length > 1) throw new ValueError('given more than once');
      return read(texts[0] ?? '');
    },
    fallback,
    shown: look.shown ?? '',
    choices: [],
  };
}

/** A setting whose value is one of a few words. */
export function choice<const T extends string, F>(
  look: Look,
  words: readonly T[],
  fallback: F,
): Setting<T | F> {
  return { ...one(look, (text) => readChoice(text, words), fallback), choices: words };
}

/** A setting that may be given again and again. */
export function list<T>(look: Look, read: (text: string) => T): Setting<T[]> {
  return {
    flags: look.flags,
    about: look.about,
    shape: 'list',
    once: look.once ?? false,
    read: (texts) => texts.map(read),
    fallback: [],
    shown: look.shown ?? '',
    choices: [],
  };
}

/** A setting that is on or off. */
export function toggle(look: Look): Setting<boolean> {
  return {
    flags: look.flags,
    about: look.about,
    shape: 'switch',
    once: look.once ?? false,
    read: (texts) => readSwitch(texts.at(-1) ?? ''),
    fallback: false,
    shown: '',
    choices: [],
  };
}

/** A switch that counts: `-vvv` is 3. */
export function repeated(look: Look): Setting<number> {
  return {
    flags: look.flags,
    about: look.about,
    shape: 'count',
    once: look.once ?? false,
    read: (texts) => (texts.length > 1 ? texts.length : /^\d+$/.test(texts[0] ?? '') ? Number(texts[0]) : 1),
    fallback: 0,
    shown: '',
    choices: [],
  };
}
