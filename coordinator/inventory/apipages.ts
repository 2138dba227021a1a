// Pages of a REST API, NetBox's and Nautobot's: every one of them, again where a server is busy, never from anywhere
// else than the user named, and with an end to how long and how much.
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeText } from './decode.js';
import { takeJson } from './json.js';
import type { Located, LocatedMap } from './located.js';
import type { Reading } from './shape.js';
import { ATTEMPTS, isBusy, pauseMs, readAll } from './sources.js';
import { count, describe, quote, reasonOf } from './wording.js';

export interface Api {
  /** Of a list, without a query. */
  endpoint: URL;
  query: URLSearchParams;
  /** `Authorization`; null: none. */
  authorization: string | null;
  /** Where the token should be, for messages. */
  variable: string;
}

const RESPONSE_MS = 60_000;
const MOST_PAGES = 20_000;
const MOST_DEVICES = 1_000_000;

/** Why there is no further page, in words. */
class ApiError extends Error {
  override name = 'ApiError';
}

/** Takes each device once, in the server's order; what ends it early is reported, and then there is no inventory. */
export async function eachDevice(
  api: Api,
  reading: Reading,
  take: (device: LocatedMap) => void,
): Promise<void> {
  const seen = new Set<string>();
  const asked = new Set<string>();
  let counted: number | null = null;
  let search = `?${api.query}`;
  while (search !== '' && asked.size < MOST_PAGES && seen.size < MOST_DEVICES) {
    const url = new URL(search, api.endpoint);
    if (asked.has(search)) return refuse(reading, url, 'the server gives this page as the next one again');
    asked.add(search);
    const wrong: Located[] = [];
    const page = await pageAt(url, api, reading, (device) => {
      const id = keyOf(device);
      if (device.kind !== 'map' || id === '') wrong.push(device);
      // A device that is added meanwhile moves another one to the next page, where it comes again.
      else if (!seen.has(id)) {
        seen.add(id);
        take(device);
      }
    });
    if (page === null) return;
    counted ??= numberOf(page.fields.get('count')?.value);
    if (page.fields.get('results')?.value.kind !== 'list')
      return refuse(
        reading,
        url,
        `there is no list in this answer (found ${describe(page)}, expected results)`,
      );
    const [first] = wrong;
    if (first !== undefined)
      return refuse(reading, url, `this is no device (found ${describe(first)}, expected a map with an id)`);
    const next = page.fields.get('next')?.value;
    if (next === undefined || (next.kind !== 'null' && nextOf(next) === ''))
      return refuse(reading, url, 'this page does not say which one is next (expected its address, or null)');
    search = nextOf(next);
  }
  if (search !== '')
    refuse(
      reading,
      api.endpoint,
      `there are too many devices (found more than ${seen.size}, expected a query)`,
    );
  else if (counted !== null && seen.size < counted)
    reading.warnings.reportAt(
      { file: api.endpoint.href, line: 1, column: 1 },
      `the server counted ${counted} and listed ${seen.size}: something changed meanwhile`,
    );
}

function refuse({ issues }: Reading, { href }: URL, message: string): void {
  issues.reportAt({ file: href, line: 1, column: 1 }, message);
}

function keyOf(device: Located): string {
  const id = device.kind === 'map' ? device.fields.get('id')?.value : undefined;
  return id?.kind === 'text' || id?.kind === 'number' ? id.text : '';
}

function numberOf(value: Located | undefined): number | null {
  return value?.kind === 'number' ? value.number : null;
}

/** Only what is asked for is taken of the next page's address: behind a proxy, its host may be anybody's. */
function nextOf(next: Located | undefined): string {
  return next?.kind === 'text' && URL.canParse(next.text) ? new URL(next.text).search : '';
}

async function pageAt(
  url: URL,
  api: Api,
  reading: Reading,
  take: (device: Located) => void,
): Promise<LocatedMap | null> {
  try {
    const source = decodeText(
      url.href,
      await bytesAt(url, api),
      { directory: reading.io.cwd, trusted: false, expected: 'JSON' },
      reading.issues,
    );
    if (source === null) return null;
    const page = takeJson(source, { list: 'results', take });
    if (page?.kind === 'map') return page;
    const found = source.text.trim();
    throw new ApiError(
      found.startsWith('{')
        ? `this JSON is damaged or ends too early (found ${count(found.length, 'character')})`
        : `this is no page of a list (found ${quote(found.slice(0, 30))}, expected JSON)`,
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    refuse(reading, url, error.message);
    return null;
  }
}

async function bytesAt(url: URL, api: Api): Promise<Buffer> {
  for (let attempt = 1; ; attempt += 1) {
    const { bytes, failure, again } = await ask(url, api, attempt);
    if (bytes !== null) return bytes;
    if (again === null || attempt === ATTEMPTS)
      throw new ApiError(attempt === 1 ? failure : `${failure}, ${attempt} times`);
    await sleep(again);
  }
}

interface Answer {
  bytes: Buffer | null;
  failure: string;
  /** After how many ms it is worth asking again; null: that would change nothing. */
  again: number | null;
}

async function ask(url: URL, api: Api, attempt: number): Promise<Answer> {
  const headers = {
    accept: 'application/json',
    ...(api.authorization && { authorization: api.authorization }),
  };
  try {
    const response = await fetch(url, {
      headers,
      // A redirection may lead elsewhere, with the token.
      redirect: 'manual',
      signal: AbortSignal.timeout(RESPONSE_MS),
    });
    if (!response.ok) {
      const refused = await refusalOf(response, url, api);
      return isBusy(response) ? { ...refused, again: pauseMs(response, attempt) } : refused;
    }
    const bytes = response.body === null ? Buffer.alloc(0) : await readAll(response.body);
    if (bytes !== null) return { bytes, failure: '', again: null };
    return {
      bytes: null,
      failure: 'the answer is too large (expected at most 64 MB; limit=100 in the query makes pages smaller)',
      again: null,
    };
  } catch (error) {
    return {
      bytes: null,
      failure: `cannot be read (${reasonOf(error)})`,
      again: pauseMs(null, attempt),
    };
  }
}

async function refusalOf(response: Response, url: URL, { authorization, variable }: Api): Promise<Answer> {
  const { status } = response;
  const told = status === 400 ? (await response.text().catch(() => '')).trim() : '';
  await response.body?.cancel().catch(() => undefined);
  const said = `the server answered ${`${status} ${response.statusText}`.trim()}`;
  const to = response.headers.get('location');
  if (status >= 300 && status < 400)
    return final(
      `${said} (expected no redirection${to === null || !URL.canParse(to, url.href) ? '' : `; did you mean ${new URL(to, url.href).origin}?`})`,
    );
  if (status === 401 || status === 403)
    return final(
      `${said} (${authorization === null ? `there is no token; expected one in ${variable}` : `expected a token that may read this, in ${variable}`})`,
    );
  if (status === 404)
    return final(`${said} (expected the address that a browser has, without what follows the host)`);
  return final(told === '' ? said : `${said}, saying ${quote(told)}`);
}

function final(failure: string): Answer {
  return { bytes: null, failure, again: null };
}
