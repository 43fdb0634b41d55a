import type { Credential, N8nClient, StoredWorkflow, Workflow } from '../test/harness/n8n/client';
import { chooseProduct, fillSetUp, readExample } from './example-workflows';
import { type DemoShop, type Example, examples } from './examples';

/** An example in an n8n. */
export interface ImportedExample {
	example: Example;
	workflow: StoredWorkflow;
}

/** What an import works with. */
export interface ImportTarget {
	client: N8nClient;
	shop: DemoShop;
	credentials: Credential[];
	/** The version of n8n. */
	version: string;
	/** Whether Pocketsflow can deliver to this n8n: without that, no trigger is published. */
	canReceive: boolean;
	/** The IDs of what an earlier demo imported, by file: neither changed nor imported again. */
	known: Readonly<Record<string, string>>;
}

const compareVersions = (one: string, other: string) =>
	one.localeCompare(other, 'en', { numeric: true });

/** The examples whose nodes a version of n8n has. */
export const listExamplesFor = (version: string): Example[] =>
	examples.filter(({ since }) => compareVersions(version, since) >= 0);

/** Whether a workflow waits for Pocketsflow's deliveries. */
const needsDeliveries = ({ nodes }: Workflow) =>
	nodes.some(({ type }) => type === 'n8n-nodes-pocketsflow.pocketsflowTrigger');

function isActive({ active }: Example, workflow: Workflow, target: ImportTarget): boolean {
	const { shop, canReceive } = target;
	if (!active || (needsDeliveries(workflow) && !canReceive)) return false;
	return active === 'always' || shop.wooCommerce !== undefined;
}

/** Imports a workflow with tags, which are created if they are missing. */
export async function importTagged(
	{ client, credentials }: Pick<ImportTarget, 'client' | 'credentials'>,
	workflow: Workflow,
	tags: string[],
): Promise<StoredWorkflow> {
	const existing = await client.get<Array<{ id: string; name: string }>>('/tags');
	const ids: string[] = [];
	for (const name of tags) {
		const tag = existing.find((candidate) => candidate.name === name);
		ids.push((tag ?? (await client.post<{ id: string }>('/tags', { name }))).id);
	}
	return await client.importWorkflow(workflow, credentials, ids);
}

/** An example, filled in for the shops of the demo. */
function fillIn({ sells, setUp }: Example, original: Workflow, shop: DemoShop): Workflow {
	const workflow = sells ? chooseProduct(original, sells(shop)) : original;
	return setUp ? fillSetUp(workflow, setUp(shop)) : workflow;
}

async function importExample(
	target: ImportTarget,
	example: Example,
): Promise<ImportedExample | undefined> {
	const { client, known } = target;
	if (known[example.file]) {
		// Whoever deleted an example does not want it back.
		const workflow = await client.workflow(known[example.file]).catch(() => undefined);
		return workflow && { example, workflow };
	}
	const filled = fillIn(example, await readExample(example.file), target.shop);
	const workflow = await importTagged(target, filled, example.tags);
	if (!isActive(example, filled, target)) return { example, workflow };
	await client.activate(workflow.id);
	return { example, workflow: { ...workflow, active: true } };
}

/** Imports every example that this n8n can run, tagged, and publishes those that the table says. */
export async function importAll(target: ImportTarget): Promise<ImportedExample[]> {
	const imported: ImportedExample[] = [];
	// n8n shows the newest first, so that the first of the table comes last.
	for (const example of listExamplesFor(target.version).reverse()) {
		const done = await importExample(target, example);
		if (done) imported.unshift(done);
	}
	return imported;
}
