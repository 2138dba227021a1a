// Recognises the echo of a typed command, however the device prints it; pure. An output begins on the line after.

import { shown, squeezed } from '../text.js';
import type { Rules } from './platform.js';

/**
 * Whether a line is the echo of what was typed: after a prompt, scrolled or wrapped by the device; alone where it
 * is the first that came.
 */
export function isEcho(
  raw: string,
  command: string,
  prompt: string | null,
  rules: Rules,
  first: boolean,
): boolean {
  const isLead = (text: string): boolean => {
    const lead = text.trimEnd();
    if (lead === '') return first;
    return (prompt !== null && lead.endsWith(prompt)) || rules.prompt.test(text);
  };
  const line = shown(raw.replace(/\r+$/, '')).trimEnd();
  const before = line.endsWith(command) ? line.slice(0, line.length - command.length) : null;
  if (before !== null && isLead(before)) return true;
  // A long line scrolls: the device shows a dollar sign and the last part.
  const scrolled = /^(.*)\$(.{8,})$/.exec(line);
  if (scrolled && command.endsWith(scrolled[2] as string)) {
    const lead = scrolled[1] as string;
    if (isLead(lead) || isScrolledOften(lead, command, prompt, first)) return true;
  }
  const typed = squeezed(command);
  const tight = squeezed(raw);
  if (typed.length < 40 || !tight.endsWith(typed)) return false;
  const lead = tight.slice(0, tight.length - typed.length);
  return (first && lead === '') || (prompt !== null && lead.endsWith(squeezed(prompt)));
}

/** Some scroll from farther right each time: more parts stand there, each behind a dollar sign. */
function isScrolledOften(lead: string, command: string, prompt: string | null, first: boolean): boolean {
  const isPrompted = prompt !== null && prompt !== '' && lead.startsWith(prompt);
  const shown = (isPrompted ? lead.slice(prompt.length) : lead).trimStart();
  if (!shown.startsWith('$') || !(isPrompted || first)) return false;
  return shown.split('$').every((part) => command.includes(part.trim()));
}

/**
 * Where in its echo the command was typed. It stands last there, but a device may draw prompt and command twice
 * on one line, and then what stands first was typed.
 */
export function typedAt(echo: string, command: string): number {
  const last = echo.lastIndexOf(command);
  const drawn = echo.slice(0, echo.lastIndexOf('\r', last) + 1).trimEnd();
  return Math.max(0, drawn.endsWith(command) ? drawn.length - command.length : last);
}
