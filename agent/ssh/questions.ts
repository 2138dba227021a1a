// What a device means by its keyboard-interactive questions; pure. The words are those of PAM, RADIUS and TACACS
// prompts. A question that hides its answer and is not about something else is taken for the password's: devices
// ask for it in many languages.

export interface Question {
  prompt: string;
  echo?: boolean;
}

/** `change`: a new password is demanded; `more`: a code, a token, or whatever else a person would have to know. */
export type Meaning = 'password' | 'username' | 'change' | 'more';

const CHANGE =
  /\b(new|old|current|retype|re-enter|reenter|repeat|confirm|again)\b.*\bpass|\bpass\w*\b.*\b(again|expired|change)\b|^\(current\)/i;
const CODE =
  /\b(passcode|code|otp|totp|token|pin|one[- ]?time|second|2fa|mfa|factor|verification|verify|challenge|response|secur(e )?id|duo|yubikey|push)\b/i;
const USERNAME = /^\W*(enter\s+|your\s+)*(user\s?-?name|user|login|login\s+(as|name)|account)\W*$/i;

export function meaningOf({ prompt, echo }: Question): Meaning {
  if (CHANGE.test(prompt)) return 'change';
  if (CODE.test(prompt)) return 'more';
  if (USERNAME.test(prompt)) return 'username';
  // Somebody who asks for a password in the clear says so.
  return !echo || /pass/i.test(prompt) ? 'password' : 'more';
}
