// What a coordinator adds to the status of a call that it turns away, so that a program need not read the words.

/** Metadata of a status: there, it will never be otherwise for this certificate. */
export const FINAL = 'netsweep-final';
