"""Files that hold secrets and may be given by mistake where a policy, say, is asked for; no piece of any secret may ever be shown."""

from typing import Final

KEY_ID: Final = "AKIAQYLPMN5HEXAMPLE1"
SECRET: Final = "wJalrXUtnFEMIK7MDENGbPxRfiCYzzQ9"  # noqa: S105 - made up

FOREIGN: Final = {
    "aws credentials": f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n",
    "aws credentials as yaml": f"default:\n  aws_access_key_id: {KEY_ID}\n  aws_secret_access_key: {SECRET}\n",
    "key first": f"{KEY_ID}: {SECRET}\n{KEY_ID}: {SECRET}\n",
    "dotenv": f"AWS_ACCESS_KEY_ID={KEY_ID}\nexport TOKEN='{SECRET}'\n",
    "kubeconfig": (
        "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: admin\n  user:\n"
        f"    client-key-data: {SECRET}\n    token: !vault {KEY_ID}\ncurrent-context: x\n"
    ),
    "kubeconfig without tags": (
        f"apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    token: {SECRET}\n    key: *{KEY_ID}\n"
    ),
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n{KEY_ID}==\n-----END RSA PRIVATE KEY-----\n",
    "netrc": f"machine example.org\n  login {KEY_ID}\n  password {SECRET}\n",
    "service account": (
        f'{{"type": "service_account", "project_id": "p", "private_key_id": "{KEY_ID}",\n'
        f' "private_key": "-----BEGIN PRIVATE KEY-----\\n{SECRET}\\n", "client_email": "a@example.org"}}\n'
    ),
    "terraform state": (
        '{"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "x", "outputs": {},\n'
        f' "resources": [{{"type": "aws_iam_access_key", "instances": [{{"attributes": {{"secret": "{SECRET}"}}}}]}}],\n'
        f' "{KEY_ID}": NaN}}\n'
    ),
    "shell history": f"#1700000000\nexport AWS_SECRET_ACCESS_KEY={SECRET}\ncurl -H 'Authorization: {KEY_ID}' x\n",
    "csv of keys": f"User name,Access key ID,Access key ID\nadmin,{KEY_ID},{SECRET}\n",
    "one line": f"{SECRET},{KEY_ID},{KEY_ID}\n",
    "tokens in a list": f"- {KEY_ID}\n- {SECRET}\n",
    "broken json": f'{{"token": "{SECRET}", "{KEY_ID}": }}\n',
    "toml": f'token = "{SECRET}"\n[{KEY_ID}]\n',
}


def pieces() -> list[str]:
    """What must not be seen: any eight characters in a row of a secret."""
    return [text[start : start + 8] for text in (KEY_ID, SECRET) for start in range(len(text) - 7)]
