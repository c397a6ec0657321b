// Writes samples to a running Prometheus by its remote-write protocol, so that they are in its head, like those of a
// scrape. A message is protobuf, compressed with snappy; only a small part of both is needed, and written here.

/** Bytes of a protobuf varint. */
const varint = (number) => {
  const bytes = [];
  for (; number >= 128; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
  bytes.push(number);
  return Buffer.from(bytes);
};

/** A field of the given number that has a length. */
const field = (id, ...content) => Buffer.concat([Buffer.from([id * 8 + 2]), varint(content.reduce((sum, one) => sum + one.length, 0)), ...content]);

const label = ([name, value]) => field(1, field(1, Buffer.from(name)), field(2, Buffer.from(value)));

const times = new Map();
/** A sample but for its value: field 2 { 1: double, 2: milliseconds }. The times are few and the samples are millions. */
const template = (time) => {
  let bytes = times.get(time);
  if (!bytes) times.set(time, bytes = field(2, Buffer.from([1 * 8 + 1]), Buffer.alloc(8), Buffer.from([2 * 8]), varint(time * 1000)));
  return bytes;
};
const VALUE_AT = 3;

/** One series of `history` as a field of the message. Labels are sorted by name, as the protocol wants. */
export const encode = ({ name, labels, points }) => {
  const pairs = Object.entries({ __name__: name, ...labels }).filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1));
  const samples = Buffer.allocUnsafe(points.reduce((sum, [time]) => sum + template(time).length, 0));
  let offset = 0;
  for (const [time, number] of points) {
    const bytes = template(time);
    samples.set(bytes, offset);
    samples.writeDoubleLE(Number(number), offset + VALUE_AT);
    offset += bytes.length;
  }
  return field(1, ...pairs.map(label), samples);
};

/** Snappy's format knows bytes that are not compressed: the length, and one literal of up to 4 GiB. */
const literal = (parts) => {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const tag = Buffer.alloc(5, 63 << 2);
  tag.writeUInt32LE(length - 1, 1);
  return Buffer.concat([varint(length), tag, ...parts]);
};

/** Sends encoded series to a Prometheus that was started with its receiver. */
export const send = async (server, encoded) => {
  const response = await fetch(`${server.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' },
    body: literal(encoded),
  });
  if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
};
