"""What gunicorn serves."""

from flask_app.web import create_app

app = create_app()
