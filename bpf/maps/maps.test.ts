import { describe, expect, it } from "vitest";
import { hex64, u64 } from "../../word/long.ts";
import { BpfLoadError } from "../load-error.ts";
import { definition, testKernel } from "../test/kernel.ts";
import { jhash } from "./jhash.ts";
import { updateFlags, type BpfMap } from "./map.ts";

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const key = (n: number): Uint8Array => new Uint8Array(new Uint32Array([n]).buffer);
const value = (n: number): Uint8Array => new Uint8Array(new BigUint64Array([BigInt(n)]).buffer);
const { any, noExist, exist } = updateFlags;

describe("jhash", () => {
  // The values that lookup3.c's own driver states for hashlittle.
  it.each([
    ["", 0, 0xdead_beef],
    ["", 0xdead_beef, 0xbd5b_7dde],
    ["Four score and seven years ago", 0, 0x1777_0551],
    ["Four score and seven years ago", 1, 0xcd62_8161],
  ])("of %j with seed %i", (text, seed, hash) => {
    expect(jhash(ascii(text), seed, "le")).toBe(hash);
  });
});

describe("an array map", () => {
  it("has struct bpf_array's fields where JITed code looks for them", () => {
    const { core, memory } = testKernel();
    const map = core.createMap(definition("array", { valueSize: 12, maxEntries: 3 }));
    expect(memory.load(map.address.add(36), 4)).toEqual(u64(3));
    const [first, second] = [map.lookup(key(0)), map.lookup(key(1))];
    expect(first?.sub(map.address).toNumber()).toBe(272);
    // Values are 8 bytes aligned.
    expect(second?.sub(map.address).toNumber()).toBe(272 + 16);
  });
  it("answers as Linux's: E2BIG behind its end, EEXIST for BPF_NOEXIST, EINVAL for a deletion", () => {
    const { core } = testKernel();
    const map = core.createMap(definition("array"));
    expect(map.lookup(key(4))).toBeUndefined();
    expect(map.update(key(4), value(1), any)).toBe("E2BIG");
    expect(map.update(key(3), value(1), noExist)).toBe("EEXIST");
    expect(map.update(key(3), value(7), exist)).toBeUndefined();
    expect(map.update(key(3), value(7), 3)).toBe("EINVAL");
    expect(map.delete(key(3))).toBe("EINVAL");
    expect(map.entries().map((item) => item.value)).toEqual([value(0), value(0), value(0), value(7)]);
  });
  it("of global data starts with its contents and has addresses inside its value", () => {
    const { core, memory } = testKernel();
    const initial = Uint8Array.of(1, 2, 3, 4, 5);
    const map = core.createMap(definition("array", { valueSize: 5, maxEntries: 1, initial }));
    const at = map.directValue(3);
    expect(memory.load(at ?? map.address, 1)).toEqual(u64(4));
    expect(map.directValue(5)).toBeUndefined();
  });
});

describe.each([
  ["preallocated", 0],
  ["without preallocation", 1],
])("a hash map %s", (_, flags) => {
  const create = (fields = {}): BpfMap =>
    testKernel().core.createMap(definition("hash", { flags, ...fields }));

  it("answers as Linux's: ENOENT, EEXIST, and E2BIG when it is full", () => {
    const map = create({ maxEntries: 2 });
    expect(map.update(key(1), value(1), exist)).toBe("ENOENT");
    expect(map.update(key(1), value(1), noExist)).toBeUndefined();
    expect(map.update(key(1), value(2), noExist)).toBe("EEXIST");
    expect(map.update(key(2), value(2), any)).toBeUndefined();
    expect(map.update(key(3), value(3), any)).toBe("E2BIG");
    // A key that is there can be updated in a full map.
    expect(map.update(key(1), value(9), any)).toBeUndefined();
    expect(map.delete(key(3))).toBe("ENOENT");
    expect(map.delete(key(2))).toBeUndefined();
    expect(map.update(key(3), value(3), any)).toBeUndefined();
    expect(map.update(key(3), value(3), 3)).toBe("EINVAL");
    expect(map.entryCount).toBe(2);
  });

  it("keeps hundreds of elements of odd sizes through insertions and deletions", () => {
    const map = create({ keySize: 7, valueSize: 13, maxEntries: 300 });
    const expected = new Map<string, string>();
    const item = (n: number): [Uint8Array, Uint8Array] => [
      ascii(`k${n}`.padEnd(7)),
      ascii(`value ${n}`.padEnd(13)),
    ];
    for (let i = 0; i < 900; i++) {
      const n = (i * 7919) % 300;
      const [k, v] = item(n);
      if (i % 3 === 2) {
        expect(map.delete(k)).toBe(expected.delete(k.toString()) ? undefined : "ENOENT");
      } else {
        expect(map.update(k, v, any)).toBeUndefined();
        expected.set(k.toString(), v.toString());
      }
    }
    const found = new Map(map.entries().map((e) => [e.key.toString(), e.value.toString()]));
    expect(found).toEqual(expected);
    expect(map.entryCount).toBe(expected.size);
  });

  it("gives its memory back", () => {
    const { core, memory } = testKernel();
    const map = core.createMap(definition("hash", { flags }));
    map.update(key(1), value(1), any);
    core.freeMap(map);
    expect(memory.liveAllocations).toBe(0);
  });
});

describe("a map that cannot be", () => {
  it.each([
    ["no elements", "array", { maxEntries: 0 }, "EINVAL"],
    ["a long key", "array", { keySize: 8 }, "EINVAL"],
    ["no value", "array", { valueSize: 0 }, "EINVAL"],
    ["unknown flags", "array", { flags: 1 << 20 }, "EINVAL"],
    ["no elements", "hash", { maxEntries: 0 }, "EINVAL"],
    ["no key", "hash", { keySize: 0 }, "EINVAL"],
    ["a huge key", "hash", { keySize: 513 }, "E2BIG"],
    [
      "an element as large as kmalloc's largest block",
      "hash",
      { keySize: 8, valueSize: 0x100_0000 },
      "E2BIG",
    ],
    ["an element that kmalloc has and RAM has not", "hash", { keySize: 8, valueSize: 0x80_0000 }, "ENOMEM"],
    ["too little RAM", "hash", { maxEntries: 1_000_000 }, "ENOMEM"],
    ["an unknown kind", "array", { type: "lpm_trie" }, "EINVAL"],
  ] as const)("because of %s (%s)", (_, type, fields, errno) => {
    const { core, memory } = testKernel();
    const create = (): unknown => core.createMap(definition(type, fields));
    expect(create).toThrow(BpfLoadError);
    expect(create).toThrow(expect.objectContaining({ errno }));
    expect(memory.liveAllocations).toBe(0);
  });
});

describe("a map that a program has written over", () => {
  it("gives a fault instead of an endless chain", () => {
    const { core, memory } = testKernel();
    const map = core.createMap(definition("hash", { maxEntries: 1 }));
    map.update(key(1), value(1), any);
    const element = map.lookup(key(1))?.sub(56);
    if (element === undefined) throw new Error("not found");
    memory.store(element, 8, element);
    expect(() => map.lookup(key(1))).not.toThrow();
    memory.store(element.add(40), 4, u64(0));
    expect(() => map.lookup(key(1))).toThrow(hex64(element).slice(2));
  });

  it("gives back no memory that is not its own", () => {
    const { core, memory } = testKernel();
    const map = core.createMap(definition("hash", { maxEntries: 1, flags: 1 }));
    map.update(key(1), value(1), any);
    const element = map.lookup(key(1))?.sub(56);
    if (element === undefined) throw new Error("not found");
    // The key is found behind a link into memory of somebody else, which looks like the element.
    const other = memory.allocate(64);
    memory.write(other, memory.read(element, 64) as Uint8Array);
    memory.store(element.add(48), 4, u64(2));
    memory.store(element, 8, other);
    expect(() => map.delete(key(1))).toThrow(hex64(other).slice(2));
    core.freeMap(map);
    expect(memory.liveAllocations).toBe(1);
  });
});
