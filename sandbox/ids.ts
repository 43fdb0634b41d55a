import { randomBytes } from 'node:crypto';

const machine = randomBytes(5).toString('hex');
let counter = randomBytes(3).readUIntBE(0, 3);

/** A 24-hex id that carries its time of creation, as a Mongo ObjectId does (contract A, "IDs"). */
export function objectId(at: number = Date.now()): string {
	counter = (counter + 1) % 0x1000000;
	const seconds = Math.max(0, Math.floor(at / 1000)) % 0x100000000;
	return seconds.toString(16).padStart(8, '0') + machine + counter.toString(16).padStart(6, '0');
}

/** A random token behind a prefix, e.g. `cs_…`, `whsec_…`, `pk_test_…`. */
export function token(prefix: string, bytes = 24): string {
	return `${prefix}${randomBytes(bytes).toString('hex')}`;
}
