// Offsets of network structures that contexts point to, and the one device there is: the loopback device.

/** Byte offset of struct net_device's ifindex as in 6.12 for x86-64; the rest of the structure is not there. */
export const netDevice = { ifindex: 224, bytes: 256 } as const;

export const LOOPBACK_IFINDEX = 1;

/** struct skb_shared_info behind every packet: byte offsets, and the bytes that it takes there, rounded up to cache lines. */
export const sharedInfo = { gsoSize: 4, gsoSegs: 6, hwtstamps: 16 } as const;
export const SHARED_INFO_BYTES = 384;
