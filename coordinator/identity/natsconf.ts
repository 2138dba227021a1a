// The configuration of nats-server, as text: operator mode, so that every user shows a token that we have signed;
// TLS on every port that leaves the host; nothing else listens.
export interface ServerConf {
  name: string;
  /** What clients connect to. */
  listen: string;
  /** Where its own state is told, on loopback; null: nowhere. */
  monitor: string | null;
  /** Folder that holds the files of TLS on the server's host. */
  files: string;
  /** Where it keeps streams and accounts. */
  data: string;
  /** null: it stands alone. */
  cluster: { listen: string; routes: string[]; password: string } | null;
  operator: string;
  system: string;
  /** Claims of accounts by their public keys; they are there before anybody could tell the server. */
  preload: Record<string, string>;
}

/** Files of TLS beside the configuration. */
export const TLS_FILES = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' };
const ROUTE_USER = 'route';

export function serverConf(conf: ServerConf): string {
  const { name, listen, monitor, files, data, cluster, operator, system, preload } = conf;
  const tls = `tls {
  cert_file: ${quoted(`${files}/${TLS_FILES.cert}`)}
  key_file: ${quoted(`${files}/${TLS_FILES.key}`)}
  ca_file: ${quoted(`${files}/${TLS_FILES.ca}`)}
  verify: true
  timeout: 5
}`;
  const sections = [
    '# Made by netsweep serve --init, and made again by it: changes here are lost.',
    `server_name: ${quoted(name)}\nlisten: ${quoted(listen)}`,
    monitor === null ? '' : `http: ${quoted(monitor)}`,
    tls,
    `jetstream {\n  store_dir: ${quoted(data)}\n}`,
    cluster === null ? '' : clusterSection(cluster, tls),
    `operator: ${operator}\nsystem_account: ${system}`,
    `resolver {
  type: full
  dir: ${quoted(`${data}/accounts`)}
  allow_delete: false
  interval: "10s"
}`,
    `resolver_preload {\n${Object.entries(preload)
      .map(([key, jwt]) => `  ${key}: ${jwt}\n`)
      .join('')}}`,
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** Agents have certificates of the same authority: what makes a server one of ours is the password. */
function clusterSection(
  { listen, routes, password }: NonNullable<ServerConf['cluster']>,
  tls: string,
): string {
  const urls = routes
    .map((route) => quoted(`nats-route://${ROUTE_USER}:${password}@${route}`))
    .join('\n    ');
  return `cluster {
  name: netsweep
  listen: ${quoted(listen)}
  authorization {
    user: ${ROUTE_USER}
    password: ${quoted(password)}
    timeout: 5
  }
  ${tls.replaceAll('\n', '\n  ')}
  routes: [
    ${urls}
  ]
}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
