// Devices of a fleet under measurement: the columns of its CSV that the programs compared here need.
export interface Device {
  name: string;
  host: string;
  port: number;
  username: string;
  password: string;
}

const COLUMNS = ['name', 'host', 'port', 'username', 'password'] as const;

/** Plain CSV with a header, as `netsweep fleet --inventory FILE.csv` writes it: no cell here needs quotes. */
export function readDevices(text: string): Device[] {
  const [header = '', ...lines] = text.split('\n').filter(Boolean);
  const names = header.split(',');
  const at = COLUMNS.map((column) => names.indexOf(column));
  if (at.includes(-1)) throw new Error(`an inventory for the bench needs the columns ${COLUMNS.join(', ')}`);
  return lines.map((line) => {
    const cells = line.split(',');
    const [name = '', host = '', port = '', username = '', password = ''] = at.map((n) => cells[n]);
    return { name, host, port: Number(port), username, password };
  });
}

export function writeDevices(devices: Device[]): string {
  const lines = devices.map(({ name, host, port, username, password }) =>
    [name, host, port, 'cisco_ios', username, password].join(','),
  );
  return ['name,host,port,platform,username,password', ...lines, ''].join('\n');
}
