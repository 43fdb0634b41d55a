import { readId, unwrapRecord } from '../api/responses';
import type { PocketsflowContext } from './credential';
import { send } from './send';

/** Reads which account the credential's key belongs to; undefined if Pocketsflow does not say. */
export async function readAccount(
	context: PocketsflowContext,
	itemIndex?: number,
): Promise<string | undefined> {
	const request = { method: 'GET', path: '/users/me' } as const;
	const body = await send(context, request, 'read', itemIndex).catch(() => undefined);
	const user = unwrapRecord(body, ['user']);
	return readId({ id: user.userId }) ?? readId(user);
}
