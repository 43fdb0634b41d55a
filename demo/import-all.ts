import type { Credential, N8nClient, StoredWorkflow, Workflow } from '../test/harness/n8n/client';
import { chooseProduct, fillSetUp, readExample } from './example-workflows';
import { type DemoShop, type Example, examples } from './examples';

export interface ImportedExample {
	example: Example;
	workflow: StoredWorkflow;
}

export interface ImportTarget {
	client: N8nClient;
	shop: DemoShop;
	credentials: Credential[];
	version: string;
	/** Whether Pocketsflow can deliver to this n8n: without that, no trigger is published. */
	canReceive: boolean;
	/** The IDs of what an earlier demo imported, by file: neither changed nor imported again. */
	known: Readonly<Record<string, string>>;
}

const compareVersions = (one: string, other: string) =>
	one.localeCompare(other, 'en', { numeric: true });

export const listExamplesFor = (version: string): Example[] =>
	examples.filter(({ since }) => compareVersions(version, since) >= 0);

const needsDeliveries = ({ nodes }: Workflow) =>
	nodes.some(({ type }) => type === 'n8n-nodes-pocketsflow.pocketsflowTrigger');

function isActive({ active }: Example, workflow: Workflow, target: ImportTarget): boolean {
	const { shop, canReceive } = target;
	if (!active || (needsDeliveries(workflow) && !canReceive)) return false;
	return active === 'always' || shop.wooCommerce !== undefined;
}

async function ensureTags(
	client: N8nClient,
	names: Iterable<string>,
): Promise<Map<string, string>> {
	const existing = await client.get<Array<{ id: string; name: string }>>('/tags');
	const ids = new Map(existing.map(({ name, id }) => [name, id]));
	for (const name of names)
		if (!ids.has(name)) ids.set(name, (await client.post<{ id: string }>('/tags', { name })).id);
	return ids;
}

export async function importTagged(
	{ client, credentials }: Pick<ImportTarget, 'client' | 'credentials'>,
	workflow: Workflow,
	tags: string[],
): Promise<StoredWorkflow> {
	const ids = await ensureTags(client, tags);
	const chosen = tags.flatMap((name) => ids.get(name) ?? []);
	return await client.importWorkflow(workflow, credentials, chosen);
}

function fillIn({ sells, setUp }: Example, original: Workflow, shop: DemoShop): Workflow {
	const workflow = sells ? chooseProduct(original, sells(shop)) : original;
	return setUp ? fillSetUp(workflow, setUp(shop)) : workflow;
}

async function importExample(
	target: ImportTarget,
	example: Example,
	tags: Map<string, string>,
): Promise<ImportedExample | undefined> {
	const { client, credentials, known, shop } = target;
	if (known[example.file]) {
		// Whoever deleted an example does not want it back.
		const workflow = await client.workflow(known[example.file]).catch(() => undefined);
		return workflow && { example, workflow };
	}
	const filled = fillIn(example, await readExample(example.file), shop);
	const chosen = example.tags.flatMap((name) => tags.get(name) ?? []);
	return { example, workflow: await client.importWorkflow(filled, credentials, chosen) };
}

async function publish(target: ImportTarget, imported: ImportedExample): Promise<void> {
	const { example, workflow } = imported;
	if (target.known[example.file] || !isActive(example, workflow, target)) return;
	await target.client.activate(workflow.id);
	imported.workflow = { ...workflow, active: true };
}

/** Imports every example that this n8n can run, tagged, and publishes those that the table says. */
export async function importAll(target: ImportTarget): Promise<ImportedExample[]> {
	const wanted = listExamplesFor(target.version);
	const tags = await ensureTags(target.client, new Set(wanted.flatMap((example) => example.tags)));
	const imported: ImportedExample[] = [];
	// n8n shows the newest first, so that the first of the table comes last.
	for (const example of [...wanted].reverse()) {
		const done = await importExample(target, example, tags);
		if (done) imported.unshift(done);
	}
	// n8n publishes in the background: most of the time is waiting.
	await Promise.all(imported.map((one) => publish(target, one)));
	return imported;
}
