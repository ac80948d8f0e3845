// An initramfs of one program: a cpio archive in the "newc" format that Linux unpacks at boot.
// [Linux Documentation/driver-api/early-userspace/buffer-format.rst]
const DIRECTORY = 0o040_755;
const CHARACTER_DEVICE = 0o020_600;
const PROGRAM = 0o100_755;

/** `/init`, and `/dev/console` for what it prints. */
export function initramfs(init: Uint8Array): Buffer {
  return Buffer.concat([
    entry("dev", DIRECTORY),
    entry("dev/console", CHARACTER_DEVICE, { device: [5, 1] }),
    entry("init", PROGRAM, { data: init }),
    entry("TRAILER!!!", 0),
  ]);
}

function entry(
  name: string,
  mode: number,
  {
    data = new Uint8Array(),
    device = [0, 0],
  }: { data?: Uint8Array; device?: readonly [number, number] } = {},
): Buffer {
  const [major, minor] = device;
  // ino, mode, uid, gid, nlink, mtime, filesize, device of the file (2), device it names (2), namesize, check
  const fields = [0, mode, 0, 0, 1, 0, data.length, 0, 0, major, minor, name.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return Buffer.concat([padded(Buffer.from(header)), padded(Buffer.from(data))]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
