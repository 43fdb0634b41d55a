// n8n loads nodes and credentials by the `n8n` section of package.json and never loads `main`.
module.exports = {};
