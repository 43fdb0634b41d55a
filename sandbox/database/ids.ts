import { randomBytes } from 'node:crypto';

const machine = randomBytes(5).toString('hex');
let counter = randomBytes(3).readUIntBE(0, 3);

/** A 24-hex ID with its time of creation in seconds (docs/pocketsflow-api.md#ids). */
export function createObjectId(createdAtMs: number = Date.now()): string {
	counter = (counter + 1) % 0x1000000;
	const seconds = Math.max(0, Math.floor(createdAtMs / 1000)) % 0x100000000;
	return seconds.toString(16).padStart(8, '0') + machine + counter.toString(16).padStart(6, '0');
}

/** A random token behind a prefix, e.g. `cs_…`, `whsec_…`, `pk_test_…`. */
export function createToken(prefix: string, bytes = 24): string {
	return `${prefix}${randomBytes(bytes).toString('hex')}`;
}

/** A readable part of an address, made of a name. */
export const slugify = (name: string) =>
	name
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-|-$/g, '');
