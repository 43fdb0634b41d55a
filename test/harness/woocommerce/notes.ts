import { ApiError, missingParameters } from './errors';
import { nextId, type Note, type Order, type ShopState } from './state';
import {
	encodeEntities,
	formatDates,
	formatLinks,
	isTrue,
	requireText,
	type Fields,
} from './values';

interface NewNote {
	text: string;
	author?: string;
	forCustomer?: boolean;
}

/** A note for the customer is also sent by email. */
export function addNote(
	state: ShopState,
	order: Order,
	{ text, author = 'system', forCustomer = false }: NewNote,
): Note {
	const id = nextId(state, 'notes', 301);
	const note = {
		id,
		orderId: order.id,
		author,
		text: encodeEntities(text),
		forCustomer,
		createdMs: state.now(),
	};
	state.notes.set(id, note);
	if (forCustomer) state.mails.push({ to: order.billing.email, orderId: order.id, text });
	return note;
}

/** Notes change neither the order nor its date, and start no webhook. */
export function createNote(state: ShopState, order: Order, fields: Fields): Note {
	if (fields.note === undefined) throw missingParameters('note');
	requireText(fields, 'note');
	return addNote(state, order, {
		text: String(fields.note),
		author: isTrue(fields.added_by_user) ? 'admin' : 'WooCommerce',
		forCustomer: isTrue(fields.customer_note),
	});
}

export const notesOf = (state: ShopState, order: Order, type: unknown = 'any') =>
	[...state.notes.values()]
		.filter(({ orderId }) => orderId === order.id)
		.filter(({ forCustomer }) => type === 'any' || forCustomer === (type === 'customer'))
		.reverse();

export function findNote(state: ShopState, order: Order, id: unknown): Note {
	const note = state.notes.get(Number(id));
	if (note?.orderId === order.id) return note;
	throw new ApiError('woocommerce_rest_invalid_id', 'Invalid resource ID.', { status: 404 });
}

export const formatNote = (state: ShopState, note: Note) => ({
	id: note.id,
	author: note.author,
	...formatDates('date_created', note.createdMs, state.utcOffsetHours),
	note: note.text,
	customer_note: note.forCustomer,
	...formatLinks(state, `orders/${note.orderId}/notes`, note.id),
});
