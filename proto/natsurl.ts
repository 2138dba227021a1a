// URLs of NATS servers, as --nats takes them.

/** The host of it, without brackets. */
export function natsHost(url: string): string {
  return /^(?:\w+:\/\/)?(?:.*@)?\[?([^[\]/]*?)\]?(?::\d+)?\/?$/.exec(url)?.[1] ?? url;
}

/** Whether it is this very host, as far as its URL says. */
export function isLocalNats(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1)$/.test(natsHost(url));
}

/** A URL may carry a password; what is shown never does. */
export function withoutLogin(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
