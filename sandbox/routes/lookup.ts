import type { Row, Table } from '../database/table';
import { notFound } from '../http/errors';

/** @throws 404 that names what is missing */
export function findOrThrow<T extends Row>(table: Table<T>, id: string, name: string): T {
	const row = table.get(id);
	if (!row) throw notFound(name);
	return row;
}
