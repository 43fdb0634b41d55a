import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { SandboxContext } from '../context';
import type { CheckoutSession, Mode, Offer, Product } from '../database/entities';
import { createToken } from '../database/ids';
import { ApiError } from '../http/errors';
import { isLocal, isSameOrigin, wantsPage } from './access';
import { Dashboard, type Notice } from './dashboard';
import { actions } from './dashboard-actions';
import { sendPage } from './layout';
import { Storefront } from './storefront';
import { Thanks } from './thanks';

const MAX_NOTICES = 50;
const MAX_WAIT_MS = 3_000;

type Query = Record<string, unknown>;
type PageRequest = FastifyRequest<{ Querystring: Query }>;
type ServeApi = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const readMode = (value: unknown): Mode => (value === 'live' ? 'live' : 'test');
const readForm = ({ body }: FastifyRequest) => new URLSearchParams(String(body ?? ''));
const sleep = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

function sendRefusal(
	context: SandboxContext,
	reply: FastifyReply,
	title: string,
	reason: string,
): void {
	const content = (
		<div class="card">
			<h1>{title}</h1>
			<p>{reason}</p>
			<p>
				<a href="/">Go to the store</a>
			</p>
		</div>
	);
	sendPage(context, reply, title === 'Not found' ? 404 : 403, { title, content, width: 'narrow' });
}

export const sendNotFoundPage = (context: SandboxContext, reply: FastifyReply) =>
	sendRefusal(context, reply, 'Not found', 'This page does not exist.');

/** The results of pressed buttons, to be shown on the page that follows. */
class Notices {
	private readonly byToken = new Map<string, Notice>();

	add(notice: Notice): string {
		const token = createToken('', 8);
		this.byToken.set(token, notice);
		const [oldest] = this.byToken.keys();
		if (this.byToken.size > MAX_NOTICES) this.byToken.delete(oldest);
		return token;
	}

	get = (token: unknown) => (typeof token === 'string' ? this.byToken.get(token) : undefined);
}

function runAction(context: SandboxContext, form: URLSearchParams): [Notice, string] {
	const name = form.get('action') ?? '';
	const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
	if (!action)
		return [{ text: 'This action does not exist.', failed: true, emissions: [] }, 'content'];
	const db = context.databases[readMode(form.get('mode'))];
	try {
		const { result: text, emissions } = context.deliveries.watch(() =>
			action.run({ context, db, id: form.get('id') ?? '', form }),
		);
		return [{ text, failed: false, emissions }, action.section];
	} catch (error) {
		if (!(error instanceof ApiError)) throw error;
		return [{ text: error.message, failed: true, emissions: [] }, action.section];
	}
}

function findItem(
	{ databases }: SandboxContext,
	mode: Mode,
	id: string,
): Product | Offer | undefined {
	return databases[mode].products.get(id) ?? databases[mode].offers.get(id);
}

/** A checkout session for the case that no workflow sells the product. */
function createSession(
	context: SandboxContext,
	mode: Mode,
	item: Product | Offer,
	orderNumber: string,
): string {
	const id = createToken('cs_');
	const successUrl = `${context.publicUrl}/thanks?session=${id}`;
	const cancelUrl = `${context.publicUrl}/${mode === 'live' ? '?mode=live' : ''}`;
	const metadata = { order_id: orderNumber };
	const session: CheckoutSession = {
		id,
		mode,
		productId: item._id,
		successUrl,
		cancelUrl,
		metadata,
	};
	context.sessions.set(id, session);
	return `${context.publicUrl}/checkout?session=${id}`;
}

/** The paid session that an address names: by its ID, or the newest by the shop's own order number. */
function findPaidSession(
	{ sessions }: SandboxContext,
	{ session: id, order }: Query,
): CheckoutSession | undefined {
	const paid = [...sessions.values()].filter((session) => session.paid);
	if (typeof id === 'string') return paid.find((session) => session.id === id);
	if (typeof order !== 'string') return undefined;
	return paid.findLast(({ metadata }) => metadata?.order_id === order);
}

/** The shop's own number of an order, such as `S-2041`. */
function createOrderNumber(context: SandboxContext): string {
	context.lastOrderNumber += 1;
	return `S-${context.lastOrderNumber}`;
}

/** The workflow that sells the product, or else a session of the storefront. */
function startPurchase(context: SandboxContext, mode: Mode, item: Product | Offer): string {
	const orderNumber = createOrderNumber(context);
	const isProduct = context.databases[mode].products.get(item._id) !== undefined;
	const sellsByWorkflow = isProduct && mode === 'test';
	const url = sellsByWorkflow && context.links.getBuyUrl?.(item.name, orderNumber);
	return url || createSession(context, mode, item, orderNumber);
}

/** At the same addresses, a client of the API gets the 404 of the API. */
export function registerPages(
	app: FastifyInstance,
	context: SandboxContext,
	serveApi: ServeApi,
): void {
	const notices = new Notices();
	const addPage = (path: string, show: (request: PageRequest, reply: FastifyReply) => void) =>
		app.get<{ Querystring: Query }>(path, async (request, reply) => {
			if (wantsPage(request)) show(request, reply);
			else await serveApi(request, reply);
			return reply;
		});
	const addForm = (path: string, handle: (form: URLSearchParams, reply: FastifyReply) => unknown) =>
		app.post(path, async (request, reply) => {
			// A page of another site must not press a button here.
			if (isSameOrigin(request)) await handle(readForm(request), reply);
			else
				sendRefusal(
					context,
					reply,
					'Not allowed',
					'You can send this form only from a page of this sandbox.',
				);
			return reply;
		});

	addPage('/', ({ query }, reply) => {
		const mode = readMode(query.mode);
		const content = <Storefront context={context} mode={mode} />;
		sendPage(context, reply, 200, { title: 'Store', content, mode, current: 'store' });
	});

	addForm('/buy', (form, reply) => {
		const mode = readMode(form.get('mode'));
		const item = findItem(context, mode, form.get('item') ?? '');
		if (!item)
			return sendRefusal(context, reply, 'Not found', 'This product is no longer on sale.');
		return void reply.redirect(startPurchase(context, mode, item), 303);
	});

	addPage('/thanks', ({ query }, reply) => {
		const session = findPaidSession(context, query);
		const item = session && findItem(context, session.mode, session.productId);
		if (!session || !item) {
			return sendRefusal(context, reply, 'Not found', 'This order does not exist or is not paid.');
		}
		const content = <Thanks context={context} session={session} item={item} />;
		const { mode } = session;
		sendPage(context, reply, 200, {
			title: 'Thank you',
			content,
			mode,
			width: 'narrow',
			isLive: true,
		});
	});

	addPage('/dashboard', (request, reply) => {
		// It shows the keys.
		if (!isLocal(request)) {
			const reason = `The dashboard shows the API keys, so it opens only on the computer that the sandbox runs on. On that computer, open ${context.url}/dashboard.`;
			return sendRefusal(context, reply, 'Not available here', reason);
		}
		const mode = readMode(request.query.mode);
		const notice = notices.get(request.query.notice);
		const content = <Dashboard context={context} mode={mode} notice={notice} />;
		sendPage(context, reply, 200, {
			title: 'Dashboard',
			content,
			mode,
			current: 'dashboard',
			isLive: true,
		});
	});

	addForm('/dashboard/actions', async (form, reply) => {
		if (!isLocal(reply.request))
			return sendRefusal(
				context,
				reply,
				'Not available here',
				'The buttons of the dashboard work only on the computer that the sandbox runs on.',
			);
		const [notice, section] = runAction(context, form);
		await Promise.race([context.deliveries.waitForAll(), sleep(MAX_WAIT_MS)]);
		const query = new URLSearchParams({
			mode: readMode(form.get('mode')),
			notice: notices.add(notice),
		});
		return void reply.redirect(`/dashboard?${query.toString()}#${section}`, 303);
	});
}
