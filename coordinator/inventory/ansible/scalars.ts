// What a text without quotes is in the YAML that Ansible reads, which is YAML 1.1 as PyYAML has it: yes and off are
// truths, 0640 is octal and 1:30 is ninety. Pure.
import type { Located, Place } from '../located.js';

const TRUTH = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const UNTRUTH = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NOTHING = /^(?:~|null|Null|NULL)?$/;
/** The first character of every word that is no text. */
const MAYBE_WORD = /^(?:[~nyotf]|$)/i;
const MAYBE_NUMBER = /^[-+.\d]/;
const BINARY = /^[-+]?0b[01_]+$/;
const OCTAL = /^[-+]?0[0-7_]+$/;
const DECIMAL = /^[-+]?(?:0|[1-9][\d_]*)$/;
const HEXADECIMAL = /^[-+]?0x[\dA-Fa-f_]+$/;
const SEXAGESIMAL = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/;
const FLOAT = /^(?:[-+]?\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?|\.\d[\d_]*(?:[eE][-+]\d+)?)$/;
const NO_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

export function pythonScalar(text: string, at: Place): Located {
  if (MAYBE_WORD.test(text)) {
    if (NOTHING.test(text)) return { at, kind: 'null' };
    if (TRUTH.test(text)) return { at, kind: 'boolean', boolean: true };
    if (UNTRUTH.test(text)) return { at, kind: 'boolean', boolean: false };
  }
  // With two points it is an address or a version, as no number is.
  const isNumber = MAYBE_NUMBER.test(text) && text.indexOf('.') === text.lastIndexOf('.');
  const number = isNumber ? numberOf(text) : null;
  return number === null ? { at, kind: 'text', text } : { at, kind: 'number', number, text };
}

function numberOf(text: string): number | null {
  const bare = text.replaceAll('_', '').replace(/^[-+]/, '');
  const sign = text.startsWith('-') ? -1 : 1;
  if (DECIMAL.test(text) || FLOAT.test(text)) return sign * Number(bare);
  if (BINARY.test(text)) return sign * Number.parseInt(bare.slice(2), 2);
  if (OCTAL.test(text)) return sign * Number.parseInt(bare, 8);
  if (HEXADECIMAL.test(text)) return sign * Number.parseInt(bare.slice(2), 16);
  if (SEXAGESIMAL.test(text) && (text.includes('.') || !bare.startsWith('0')))
    return sign * bare.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return NO_FINITE.test(text) ? Number.NaN : null;
}
