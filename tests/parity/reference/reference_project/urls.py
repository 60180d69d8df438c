"""The tutorial's view and DRF's own."""

from django.urls import path
from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView


class BuildTrigger(APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAuthenticated]

    def post(self, request):
        return Response(None, status=200)


urlpatterns = [path("api/", BuildTrigger.as_view()), path("api-token-auth/", obtain_auth_token)]
